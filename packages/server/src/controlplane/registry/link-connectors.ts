/** Checks a connector's own address and credentials: where it points, and that no secret stands in it. */
import type { ConnectorDocument, SecretRef } from "@airworthy/contract";

import type { FindingCode } from "./finding-codes.ts";
import { isIngesting } from "../../kernel/is-ingesting.ts";
import { report } from "./link-index.ts";
import { linkNetwork } from "./link-network.ts";
import type { LinkIndex } from "./link-index.ts";
import type { LoadedDocument } from "./load-documents.ts";
import type { DataPath } from "./place.ts";
import { listSourceSecrets, listSourceTexts } from "./source-secrets.ts";
import { findSecret } from "../../kernel/secret-shapes.ts";

type Connector = LoadedDocument<ConnectorDocument>;

const variable = /^[A-Z_][A-Z0-9_]*$/;

export function linkConnectors(index: LinkIndex): void {
  for (const connector of index.connectors) {
    linkAddress(index, connector);
    linkSecrets(index, connector);
    linkNetwork(index, connector, { linkUrl, linkSecretRef });
  }
}

function linkAddress(index: LinkIndex, connector: Connector): void {
  const { document } = connector;
  if (document.type === "http") linkUrl(index, connector, { path: ["baseUrl"], url: document.baseUrl });
  if (document.type !== "mcp") return;
  if (document.url !== undefined) linkUrl(index, connector, { path: ["url"], url: document.url });
  if ((document.url === undefined) === (document.command === undefined)) {
    const message =
      document.url === undefined
        ? "this connector says neither url nor command"
        : "this connector says both url and command";
    say(index, connector, {
      code: "AW1214",
      path: [document.url === undefined ? "name" : "command"],
      message,
      hint: "say where its server is: one of url and command",
    });
  }
}

function linkUrl(index: LinkIndex, connector: Connector, at: { readonly path: DataPath; readonly url: string }): void {
  const filled = at.url.replaceAll(/\$\{([^{}]*)\}/g, (whole, name: string) =>
    variable.test(name) ? "http://filled.invalid" : whole,
  );
  if (filled.includes("${") || filled.includes("$}")) {
    const message = "a placeholder is ${NAME}, with capital letters, digits and underscores";
    say(index, connector, { code: "AW1213", path: at.path, text: "${", message, hint: "for example ${CRM_URL}" });
    return;
  }
  // A placeholder may be the whole address or its host: both readings are tried.
  const readings = [filled, at.url.replaceAll(/\$\{[^{}]*\}/g, "filled.invalid")];
  if (readings.some(isWebAddress)) return;
  say(index, connector, {
    code: "AW1218",
    path: at.path,
    message: "this is not an http or https address",
    hint: "for example https://crm.example.com",
  });
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol);
}

function linkSecrets(index: LinkIndex, connector: Connector): void {
  const { document } = connector;
  if (isIngesting(document)) for (const at of listSourceSecrets(document)) linkSecretRef(index, connector, at);
  else if (document.type === "sql") linkSecretRef(index, connector, { path: ["connection"], ref: document.connection });
  else if (document.auth !== undefined)
    linkSecretRef(index, connector, { path: ["auth", "value"], ref: document.auth.value });
  for (const { path, text } of listTexts(document)) {
    const secret = findSecret(text);
    if (secret === undefined) continue;
    say(index, connector, {
      code: "AW1402",
      path,
      text: secret,
      message: "this looks like a secret, and a secret never stands in a document",
      hint: "refer to it with { env: NAME } or { file: PATH }, and change the secret: it has been written down",
    });
  }
}

/** The texts of a connector, outside its tools, in which people are tempted to put credentials. */
function listTexts(document: ConnectorDocument): { readonly path: DataPath; readonly text: string }[] {
  if (isIngesting(document)) return listSourceTexts(document);
  if (document.type === "sql") return [];
  const auth =
    document.auth === undefined
      ? []
      : [
          { path: ["auth", "prefix"], text: document.auth.prefix ?? "" },
          { path: ["auth", "header"], text: document.auth.header },
        ];
  if (document.type === "http") return [...auth, { path: ["baseUrl"], text: document.baseUrl }];
  const command = (document.command ?? []).map((text, position) => ({ path: ["command", position], text }));
  return [...auth, { path: ["url"], text: document.url ?? "" }, ...command];
}

function linkSecretRef(
  index: LinkIndex,
  connector: Connector,
  at: { readonly path: DataPath; readonly ref: SecretRef },
): void {
  if (!("env" in at.ref) || variable.test(at.ref.env)) return;
  // What stands here may be the secret itself, so it is not repeated.
  const message = "this is not the name of an environment variable";
  say(index, connector, {
    code: "AW1213",
    path: [...at.path, "env"],
    message,
    hint: "capital letters, digits and underscores, such as CRM_TOKEN",
  });
}

function say(
  index: LinkIndex,
  connector: Connector,
  what: {
    readonly code: FindingCode;
    readonly path: DataPath;
    readonly text?: string;
    readonly message: string;
    readonly hint: string;
  },
): void {
  const { locator, file } = connector;
  const place = what.text === undefined ? locator.value(what.path) : locator.text(what.path, what.text);
  report(index, { code: what.code, file, place }, what);
}
