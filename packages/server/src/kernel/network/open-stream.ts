/** A stream to a peer for drivers that want one at once: it connects on its own, and holds what is written until then. */
import { connect, type Socket } from "node:net";
import { Duplex } from "node:stream";

import { type Destination, openTunnel } from "./open-tunnel.ts";
import type { Peer } from "./peer.ts";

/** Emits `connect`. TLS, where there is any, is the driver's: it begins within its own protocol. */
export function openStream({ proxy }: Peer, to: Destination, timeoutMs: number): Duplex {
  const stream = new PeerStream();
  const done = (error: Error | null, socket: Socket | null): void => stream.settle(error, socket);
  if (proxy !== undefined) openTunnel(proxy, to, { timeoutMs, done });
  else connectDirectly(to, done);
  return stream;
}

function connectDirectly(to: Destination, done: (error: Error | null, socket: Socket | null) => void): void {
  const socket = connect(to.port, to.hostname);
  const fail = (error: Error): void => done(error, null);
  socket.once("error", fail);
  socket.once("connect", () => {
    socket.off("error", fail);
    done(null, socket.setNoDelay(true));
  });
}

type Done = (error?: Error | null) => void;

class PeerStream extends Duplex {
  #socket: Socket | undefined;
  /** What was written before there was a connection: streams hand over one thing at a time. */
  #waiting: ((socket: Socket) => void) | undefined;

  /** What drivers call of a socket; this one is on its way already. */
  connect(): this {
    return this;
  }
  setNoDelay(): this {
    return this;
  }
  setKeepAlive(): this {
    return this;
  }
  ref(): this {
    this.#socket?.ref();
    return this;
  }
  unref(): this {
    this.#socket?.unref();
    return this;
  }

  settle(error: Error | null, socket: Socket | null): void {
    if (socket === null || this.destroyed) {
      socket?.destroy();
      this.destroy(error ?? undefined);
      return;
    }
    this.#socket = socket;
    socket.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) socket.pause();
    });
    socket.on("end", () => this.push(null));
    socket.on("error", (problem) => this.destroy(problem));
    socket.on("close", () => this.destroy());
    this.emit("connect");
    this.#waiting?.(socket);
    this.#waiting = undefined;
  }

  #whenOpen(act: (socket: Socket) => void): void {
    if (this.#socket === undefined) this.#waiting = act;
    else act(this.#socket);
  }

  override _read(): void {
    this.#socket?.resume();
  }

  override _write(chunk: Buffer, _encoding: string, done: Done): void {
    this.#whenOpen((socket) => socket.write(chunk, done));
  }

  override _final(done: Done): void {
    this.#whenOpen((socket) => socket.end(() => done()));
  }

  override _destroy(error: Error | null, done: Done): void {
    this.#socket?.destroy();
    done(error);
  }
}
