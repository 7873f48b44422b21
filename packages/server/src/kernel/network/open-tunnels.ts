/** Doors on this machine, each of which leads through a proxy to one host: for clients that make their connections themselves. */
import { createServer, isIP, type Server, type Socket } from "node:net";

import { type Destination, openTunnel } from "./open-tunnel.ts";
import type { ProxyTarget } from "./peer.ts";

export type Tunnels = {
  /** Where to connect to instead; the same for the same host. Rejects, and tells `PROXY_HOST`, for what is no host. */
  readonly to: (destination: Destination) => Promise<Destination>;
  /** Why the way was not opened the last time: a code as `openTunnel` gives it; undefined once it was. */
  readonly fault: () => string | undefined;
  readonly close: () => void;
};

const loopback = "127.0.0.1";

/**
 * Others on this machine can use such a door while it is open, and reach that one host through it; they are not logged in there. What goes
 * through is what the client sends: its TLS ends at the host.
 */
export function openTunnels(proxy: ProxyTarget, timeoutMs: number): Tunnels {
  const doors = new Map<string, Promise<Server>>();
  const sockets = new Set<Socket>();
  let fault: string | undefined;
  let isClosed = false;
  const keep = (socket: Socket): void => {
    sockets.add(socket);
    socket.on("error", () => socket.destroy());
    socket.once("close", () => sockets.delete(socket));
  };
  const lead = (client: Socket, destination: Destination): void => {
    keep(client);
    const done = (error: Error | null, far: Socket | null): void => {
      fault = error === null ? undefined : codeOf(error);
      if (far !== null) keep(far);
      if (far === null || client.destroyed || isClosed) {
        client.destroy();
        far?.destroy();
        return;
      }
      client.once("close", () => far.destroy());
      far.once("close", () => client.destroy());
      client.pipe(far);
      far.pipe(client);
    };
    openTunnel(proxy, destination, { timeoutMs, done });
  };
  return {
    to: async (destination) => {
      if (!isHost(destination)) {
        fault = "PROXY_HOST";
        throw Object.assign(new Error(fault), { code: fault });
      }
      const key = `${destination.hostname} ${destination.port}`;
      const door = doors.get(key) ?? listen((client) => lead(client, destination));
      doors.set(key, door);
      return { hostname: loopback, port: portOf(await door) };
    },
    fault: () => fault,
    close: () => {
      isClosed = true;
      for (const door of doors.values()) door.then((server) => server.close()).catch(() => undefined);
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** Brokers tell of others by names that they choose: what is none gets no door. */
const isHost = ({ hostname, port }: Destination): boolean =>
  (/^[\w.-]{1,255}$/.test(hostname) || isIP(hostname) > 0) && Number.isInteger(port) && port > 0 && port <= 65_535;

function listen(take: (client: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer((client) => take(client.setNoDelay(true)));
    server.once("error", reject);
    server.listen(0, loopback, () => resolve(server));
  });
}

function portOf(server: Server): number {
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

const codeOf = (error: Error): string => ("code" in error ? String(error.code) : error.name);
