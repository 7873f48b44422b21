/** Opens a way through an HTTP proxy to one host: a socket on which everything is the other end's. */
import { type ClientRequest, request as requestPlain, type IncomingMessage } from "node:http";
import { request as requestSecure } from "node:https";
import type { Socket } from "node:net";

import type { ProxyTarget } from "./peer.ts";

export type Destination = { readonly hostname: string; readonly port: number };
type How = { readonly timeoutMs: number; readonly done: (error: Error | null, socket: Socket | null) => void };

/**
 * RFC 9110, 9.3.6 (CONNECT). Ends with a socket, or with an error whose `code` says what happened: `PROXY_407` and so on for what the proxy
 * answered, `PROXY_TIMEOUT`, `PROXY_HOST` for a name that no proxy can be asked for, or `PROXY_` and the system's code where it could
 * not be reached. Nothing has been sent to the host then.
 */
export function openTunnel(proxy: ProxyTarget, to: Destination, { timeoutMs, done }: How): void {
  const asking = ask(proxy, to);
  if (asking === undefined) {
    // Later, as any other answer: whoever asks may still have to get ready for one.
    process.nextTick(() => done(failure("HOST"), null));
    return;
  }
  const timer = setTimeout(() => asking.destroy(failure("TIMEOUT")), timeoutMs);
  const end = (error: Error | null, socket: Socket | null): void => {
    clearTimeout(timer);
    done(error, socket);
  };
  asking.once("connect", (answer: IncomingMessage, socket: Socket, head: Buffer) => {
    if (answer.statusCode !== 200) {
      socket.destroy();
      end(failure(String(answer.statusCode)), null);
      return;
    }
    if (head.length > 0) socket.unshift(head);
    end(null, socket.setNoDelay(true));
  });
  asking.once("error", (error: Error & { readonly code?: unknown }) => {
    const code = typeof error.code === "string" ? error.code : "FAILED";
    end(code.startsWith("PROXY_") ? error : failure(code), null);
  });
  asking.end();
}

/** Undefined for a host that cannot be written down in a request: Node throws then. */
function ask(proxy: ProxyTarget, to: Destination): ClientRequest | undefined {
  const authority = `${to.hostname.includes(":") ? `[${to.hostname}]` : to.hostname}:${to.port}`;
  const send = proxy.secure ? requestSecure : requestPlain;
  try {
    return send({
      host: proxy.hostname,
      port: proxy.port,
      method: "CONNECT",
      path: authority,
      headers: {
        host: authority,
        ...(proxy.authorization === undefined ? {} : { "proxy-authorization": proxy.authorization }),
      },
      agent: false,
    });
  } catch {
    return undefined;
  }
}

/** The message is the code: what a proxy says otherwise may be anything. */
function failure(what: string): Error & { readonly code: string } {
  const code = `PROXY_${what}`;
  return Object.assign(new Error(code), { code });
}
