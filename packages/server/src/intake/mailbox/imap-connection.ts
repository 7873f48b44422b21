/** Opens a connection to an IMAP server: over TLS unless it is said otherwise, with our certificate, through a proxy, and logged in. */
import { type Duplex } from "node:stream";

import { AirworthyError, type MailboxConnector } from "@airworthy/contract";
import { ImapFlow, type ImapFlowOptions } from "imapflow";

import { explainCause } from "../../kernel/network/explain-cause.ts";
import { openTunnel } from "../../kernel/network/open-tunnel.ts";
import type { Peer } from "../../kernel/network/peer.ts";
import type { SourceRun } from "../source-driver.ts";
import { mailLimits } from "./mail-limits.ts";
import { startBytes } from "./mail-parts.ts";

export type Imap = Extract<MailboxConnector["mailbox"], { readonly kind: "imap" }>;
type Run = SourceRun<MailboxConnector>;

const connectMs = 10_000;
const greetingMs = 10_000;
/** Longer than any answer takes, shorter than a night: a connection that fell silent is made anew. */
const silenceMs = 120_000;
/** A list of a million numbers is eight million bytes. */
const lineBytes = 64 * 1024 * 1024;

/**
 * The caller closes it.
 * @throws AirworthyError `unavailable`, retryable, that says what to look at and repeats nothing of what the server said.
 */
export async function openImap(run: Run, imap: Imap): Promise<ImapFlow> {
  const { connector, secret, fill, peers } = run;
  const peer = peers({ name: connector.name, tls: connector.tls, proxy: connector.proxy });
  const { security = "tls", auth, user } = imap;
  const to = readServer(fill(imap.server), { connector: connector.name, port: security === "tls" ? 993 : 143 });
  const way = await openWay(peer, to, connector.name);
  const literalBytes = Math.max(connector.maxBytes ?? mailLimits.bytes, startBytes) + 1024;
  const options: ImapFlowOptions = {
    host: to.hostname,
    port: to.port,
    secure: security === "tls",
    ...(security === "tls" ? {} : { doSTARTTLS: security === "starttls" }),
    tls: { ...toTls(peer), ...(way === undefined ? {} : { socket: way }) },
    auth: "bearer" in auth ? { user, accessToken: secret(auth.bearer) } : { user, pass: secret(auth.password) },
    logger: false,
    disableAutoIdle: true,
    // A few bytes may then become very many.
    disableCompression: true,
    clientInfo: { name: "airworthy" },
    connectionTimeout: connectMs,
    greetingTimeout: greetingMs,
    socketTimeout: silenceMs,
    maxLineLength: lineBytes,
    maxLiteralSize: literalBytes,
    maxResponseSize: literalBytes + 2 * lineBytes,
  };
  const client = new ImapFlow(options);
  // Without a listener an error of a connection would end the process; whoever waits for an answer is told by it.
  client.on("error", () => undefined);
  try {
    await client.connect();
    return client;
  } catch (error) {
    client.close();
    way?.destroy();
    throw explainImap(error, connector.name);
  }
}

function toTls({ tls }: Peer) {
  if (tls === undefined) return {};
  return {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
}

type Server = { readonly hostname: string; readonly port: number };

function readServer(text: string, { connector, port }: { readonly connector: string; readonly port: number }): Server {
  const [, bracketed, plain = "", said] = /^(?:\[([0-9a-f:]+)\]|([^\s:/@]+))(?::(\d{1,5}))?$/i.exec(text) ?? [];
  const hostname = bracketed ?? plain;
  if (hostname !== "" && Number(said ?? port) <= 65_535) return { hostname, port: Number(said ?? port) };
  const place = `Connector ${connector}, mailbox.server`;
  const fix = "Write host:port, such as mail.example.com:993.";
  // The text is not repeated: it may hold a password.
  throw new AirworthyError("unavailable", `${place}: this names no server. ${fix}`, { place, fix });
}

function openWay({ proxy }: Peer, to: Server, connector: string): Promise<Duplex | undefined> {
  if (proxy === undefined) return Promise.resolve(undefined);
  return new Promise((resolve, reject) => {
    openTunnel(proxy, to, {
      timeoutMs: connectMs,
      done: (error, socket) => {
        // A break before the handshake is told by the handshake.
        socket?.on("error", () => undefined);
        if (socket === null) reject(explainImap(error, connector));
        else resolve(socket);
      },
    });
  });
}

export function explainImap(error: unknown, connector: string): AirworthyError {
  if (error instanceof AirworthyError) return error;
  const { authenticationFailed, code } = (typeof error === "object" && error !== null ? error : {}) as {
    readonly authenticationFailed?: unknown;
    readonly code?: unknown;
  };
  if (authenticationFailed === true) {
    const fix = "Look at mailbox.user and mailbox.auth.";
    const place = `Connector ${connector}, mailbox.auth`;
    return new AirworthyError("unavailable", `The mail server of ${connector} refused the login. ${fix}`, {
      place,
      fix,
      retryable: true,
      cause: error,
    });
  }
  const why = typeof code === "string" && /^\w{1,60}$/.test(code) ? ` (${explainCause(code)})` : "";
  return new AirworthyError("unavailable", `The mail server of ${connector} cannot be reached${why}.`, {
    retryable: true,
    cause: error,
  });
}
