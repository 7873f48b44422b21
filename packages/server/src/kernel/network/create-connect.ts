/** Connects undici's pools to a peer: with its certificates, through its proxy. */
import type { Socket } from "node:net";

import { buildConnector } from "undici";

import { refusesHandshake } from "./explain-cause.ts";
import { openTunnel } from "./open-tunnel.ts";
import type { Peer } from "./peer.ts";

/** For `connect` of a Pool. Nothing of a request has left before the connection is there. */
export function createConnect(peer: Peer, timeoutMs: number): buildConnector.connector {
  const { ca, cert, key, serverName: servername } = peer.tls ?? {};
  const material = {
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(servername === undefined ? {} : { servername }),
  };
  const direct = keepingAlerts(buildConnector({ timeout: timeoutMs, ...material }));
  const { proxy } = peer;
  if (proxy === undefined) return direct;
  return (options, callback) => {
    const secure = options.protocol === "https:";
    const to = { hostname: options.hostname, port: Number(options.port || (secure ? 443 : 80)) };
    const done = (error: Error | null, socket: Socket | null): void => {
      if (socket === null) callback(error ?? new Error("no connection"), null);
      else if (secure) direct({ ...options, httpSocket: socket }, callback);
      else callback(null, socket);
    };
    openTunnel(proxy, to, { timeoutMs, done });
  };
}

/** After an alert the other side hangs up, and undici would tell of the second alone: that nobody knows why. */
function keepingAlerts(connect: buildConnector.connector): buildConnector.connector {
  return (options, callback) => {
    const done: buildConnector.Callback = (...ended) => {
      const [, socket] = ended;
      socket?.prependListener("error", (error: Error & { readonly code?: unknown }) => {
        if (refusesHandshake(String(error.code))) socket.destroy();
      });
      callback(...ended);
    };
    connect(options, done);
  };
}
