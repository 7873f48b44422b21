/** Where an ingesting connector's document refers to secrets, and where people are tempted to write one. */
import type { IngestConnector, SecretRef } from "@airworthy/contract";

import type { DataPath } from "./place.ts";

type At<T> = T & { readonly path: DataPath };

export function listSourceSecrets(document: IngestConnector): At<{ readonly ref: SecretRef }>[] {
  if (document.type === "webhook") {
    const { verify } = document;
    if (verify.by === "bearer") return [{ path: ["verify", "token"], ref: verify.token }];
    return verify.secrets.map((ref, position) => ({ path: ["verify", "secrets", position], ref }));
  }
  if (document.type !== "stream") return [];
  const { auth } = document.broker;
  if (auth === undefined) return [];
  return "token" in auth
    ? [{ path: ["broker", "auth", "token"], ref: auth.token }]
    : [{ path: ["broker", "auth", "password"], ref: auth.password }];
}

export function listSourceTexts(document: IngestConnector): At<{ readonly text: string }>[] {
  if (document.type !== "stream") return [];
  return document.broker.servers.map((text, position) => ({ path: ["broker", "servers", position], text }));
}
