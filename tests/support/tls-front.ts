/** TLS with certificate login in front of a PostgreSQL server that has none of its own. */
import { createServer, type AddressInfo, type Socket } from "node:net";
import { createSecureContext, TLSSocket } from "node:tls";

import type { Certificates } from "./certificates.ts";

export type TlsFront = { readonly port: number; readonly close: () => void };

/** @see PostgreSQL's protocol documentation, "SSL Session Encryption": the server answers the request for TLS with an S. */
export async function startTlsFront(made: Certificates, upstreamOf: () => Socket): Promise<TlsFront> {
  const context = createSecureContext({ cert: made.server.cert, key: made.server.key, ca: made.ca.cert });
  const sockets = new Set<Socket>();
  const front = createServer((socket) => {
    sockets.add(socket.on("error", () => undefined));
    socket.once("data", () => {
      socket.write("S");
      const secure = new TLSSocket(socket, {
        isServer: true,
        secureContext: context,
        requestCert: true,
        rejectUnauthorized: true,
      });
      const upstream = upstreamOf();
      secure.on("error", () => upstream.destroy());
      upstream.on("error", () => secure.destroy());
      secure.pipe(upstream).pipe(secure);
    });
  });
  await new Promise<void>((resolve) => front.listen(0, "127.0.0.1", resolve));
  return {
    port: (front.address() as AddressInfo).port,
    close: () => {
      for (const socket of sockets) socket.destroy();
      front.close();
    },
  };
}
