/** Where an ingesting connector's document refers to secrets, and where people are tempted to write one. */
import type { IngestConnector, MailboxConnector, SecretRef, SftpOptions } from "@airworthy/contract";

import type { DataPath } from "./place.ts";

type At<T> = T & { readonly path: DataPath };

export function listSourceSecrets(document: IngestConnector): At<{ readonly ref: SecretRef }>[] {
  if (document.type === "webhook") {
    const { verify } = document;
    if (verify.by === "bearer") return [{ path: ["verify", "token"], ref: verify.token }];
    return verify.secrets.map((ref, position) => ({ path: ["verify", "secrets", position], ref }));
  }
  if (document.type === "mailbox") return listMailboxSecrets(document);
  if (document.type === "file") return document.sftp === undefined ? [] : listSftpSecrets(document.sftp.auth);
  if (document.type !== "stream") return [];
  const { auth } = document.broker;
  if (auth === undefined) return [];
  return "token" in auth
    ? [{ path: ["broker", "auth", "token"], ref: auth.token }]
    : [{ path: ["broker", "auth", "password"], ref: auth.password }];
}

function listMailboxSecrets({ mailbox }: MailboxConnector): At<{ readonly ref: SecretRef }>[] {
  if (mailbox.kind === "maildir") return [];
  const { auth } = mailbox;
  return "bearer" in auth
    ? [{ path: ["mailbox", "auth", "bearer"], ref: auth.bearer }]
    : [{ path: ["mailbox", "auth", "password"], ref: auth.password }];
}

function listSftpSecrets(auth: SftpOptions["auth"]): At<{ readonly ref: SecretRef }>[] {
  if ("password" in auth) return [{ path: ["sftp", "auth", "password"], ref: auth.password }];
  const key = { path: ["sftp", "auth", "key"], ref: auth.key };
  if (auth.passphrase === undefined) return [key];
  return [key, { path: ["sftp", "auth", "passphrase"], ref: auth.passphrase }];
}

export function listSourceTexts(document: IngestConnector): At<{ readonly text: string }>[] {
  if (document.type === "mailbox" && document.mailbox.kind === "imap") {
    const { server, user } = document.mailbox;
    return [
      { path: ["mailbox", "server"], text: server },
      { path: ["mailbox", "user"], text: user },
    ];
  }
  if (document.type === "file") {
    return document.sftp === undefined ? [] : [{ path: ["sftp", "host"], text: document.sftp.host }];
  }
  if (document.type !== "stream") return [];
  return document.broker.servers.map((text, position) => ({ path: ["broker", "servers", position], text }));
}
