/** Opens a session of SSH's file transfer with a server that proves itself by a pinned key, directly or through a proxy. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { Duplex } from "node:stream";

import { AirworthyError, type FileConnector, type SftpOptions } from "@airworthy/contract";
import ssh2, { type ConnectConfig } from "ssh2";

import { explainCause } from "../../../kernel/network/explain-cause.ts";
import { openStream } from "../../../kernel/network/open-stream.ts";
import type { SourceRun } from "../../source-driver.ts";
import { createSession, type Session } from "./session.ts";

type Run = SourceRun<FileConnector>;

const connectTimeoutMs = 15_000;
const readyTimeoutMs = 30_000;
const keepAliveMs = 10_000;

/** Ends with the run. @throws AirworthyError `unavailable`, retryable, that names the place to look at and no secret. */
export async function openSession(run: Run, sftp: SftpOptions): Promise<Session> {
  const login = readLogin(run, sftp);
  const stream = await reach(run, sftp);
  const shown: { key?: Buffer } = {};
  const client = new ssh2.Client();
  const stop = (): void => void client.destroy();
  run.signal.addEventListener("abort", stop, { once: true });
  client.once("close", () => run.signal.removeEventListener("abort", stop));
  const trusted = new Set(sftp.hostKeys);
  try {
    const ready = untilReady(client, run.signal);
    // Heard where it is awaited, unless connecting throws first.
    ready.catch(() => undefined);
    client.connect({
      sock: stream,
      username: sftp.user,
      ...login,
      hostVerifier: (key: Buffer) => {
        shown.key = key;
        return trusted.has(fingerprintOf(key));
      },
      readyTimeout: readyTimeoutMs,
      keepaliveInterval: keepAliveMs,
      keepaliveCountMax: 3,
      ident: "airworthy",
    });
    await ready;
    return await createSession(client, run.signal);
  } catch (error) {
    client.on("error", () => undefined);
    client.destroy();
    run.signal.throwIfAborted();
    if (error instanceof AirworthyError) throw error;
    if (shown.key !== undefined && !trusted.has(fingerprintOf(shown.key)))
      throw otherKey(run.connector.name, shown.key);
    throw explain(run.connector.name, error);
  }
}

/** The client tells of an end before the login by `close` alone, and by nothing where it was aborted before. */
async function untilReady(client: ssh2.Client, signal: AbortSignal): Promise<void> {
  const closed = new Promise<never>((_, reject) => {
    client.once("close", () => reject(new Error("It hung up.")));
  });
  await Promise.race([once(client, "ready", { signal }), closed]);
}

/** What `ssh-keygen -l` prints of a public key (RFC 4648 without padding, as OpenSSH does). */
export const fingerprintOf = (key: Buffer): string =>
  `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;

async function reach({ connector, fill, peers, signal }: Run, sftp: SftpOptions): Promise<Duplex> {
  const peer = peers({ name: connector.name, proxy: connector.proxy });
  const to = { hostname: fill(sftp.host), port: sftp.port ?? 22 };
  const stream = openStream(peer, to, connectTimeoutMs);
  try {
    await once(stream, "connect", { signal: AbortSignal.any([signal, AbortSignal.timeout(connectTimeoutMs)]) });
    return stream;
  } catch (error) {
    stream.on("error", () => undefined);
    stream.destroy();
    signal.throwIfAborted();
    throw explain(connector.name, error);
  }
}

/** One way to log in, and no other is tried. */
function readLogin({ connector, secret, pem }: Run, { auth }: SftpOptions): ConnectConfig {
  if ("password" in auth) return { password: secret(auth.password), authHandler: ["password"] };
  const privateKey = `${pem(auth.key).trim()}\n`;
  const passphrase = auth.passphrase === undefined ? {} : { passphrase: secret(auth.passphrase) };
  if (ssh2.utils.parseKey(privateKey, passphrase.passphrase) instanceof Error) {
    throw failure(connector.name, "sftp.auth.key", {
      says: "What is there is no private key that can be used, or its passphrase is another.",
      fix: "Put a key in OpenSSH's form or PEM there, and the passphrase under sftp.auth.passphrase.",
    });
  }
  return { privateKey, ...passphrase, authHandler: ["publickey"] };
}

function otherKey(name: string, key: Buffer): AirworthyError {
  const kind = key.toString("latin1", 4, 4 + Math.min(40, key.length > 4 ? key.readUInt32BE(0) : 0));
  return failure(name, "sftp.hostKeys", {
    says: `The server shows ${fingerprintOf(key)} (${kind.replaceAll(/[^\w@.-]/g, "")}), which is not pinned. We hung up.`,
    fix: "Ask the owner of the server for its fingerprints, by another way than this message.",
  });
}

function explain(name: string, error: unknown): AirworthyError {
  const { level, code } =
    typeof error === "object" && error !== null ? { level: undefined, code: undefined, ...error } : {};
  if (level === "client-authentication") {
    return failure(name, "sftp.auth", {
      says: "The server refused our login.",
      fix: "Look at user and auth, and at what the server lets this user do.",
    });
  }
  const isCode = typeof code === "string" && /^\w{1,60}$/.test(code);
  const isLate = error instanceof Error && (error.name === "AbortError" || level === "client-timeout");
  const why = isCode ? explainCause(code) : isLate ? "it does not answer" : "it hung up, or speaks another protocol";
  return failure(name, "sftp", { says: `The server cannot be reached: ${why}.`, fix: "It is tried again by itself." });
}

function failure(
  name: string,
  place: string,
  { says, fix }: { readonly says: string; readonly fix: string },
): AirworthyError {
  const where = `Connector ${name}, ${place}`;
  return new AirworthyError("unavailable", `${where}: ${says}`, { place: where, fix, retryable: true });
}
