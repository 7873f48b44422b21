/** A client of Kafka's protocol all of whose connections go through doors of ours, those to brokers that it learns of as well. */
import { callbackify } from "node:util";

import { AirworthyError } from "@airworthy/contract";
import {
  Base,
  type Broker,
  type Connection,
  ConnectionPool,
  Consumer,
  type ConsumerOptions,
} from "@platformatic/kafka";

import { farIdentity } from "../../kernel/network/far-identity.ts";
import type { Tunnels } from "../../kernel/network/open-tunnels.ts";

type Options = ConsumerOptions<Buffer, Buffer, Buffer, Buffer>;
type Done = (error: Error | null, connection: Connection) => void;

/** The one place at which the client makes its pools. It is exported under no name, so it is found by its description. */
const createPool = Object.getOwnPropertySymbols(Base.prototype).find(
  ({ description }) => description === "plt.kafka.base.createConnectionPool",
);

/** @throws AirworthyError `internal` where the client is not the one that this was written for: rather than go past the proxy. */
export function createTunnelledConsumer(options: Options, tunnels: Tunnels): Consumer {
  if (createPool === undefined) {
    throw new AirworthyError("internal", "This client of Kafka cannot be led through a proxy.");
  }
  class Tunnelled extends Consumer {}
  Object.defineProperty(Tunnelled.prototype, createPool, { value: () => new TunnelPool(options, tunnels) });
  return new Tunnelled(options);
}

/** A pool for each broker, for each has a name of its own in its certificate. */
class TunnelPool extends ConnectionPool {
  readonly #options: Options;
  readonly #tunnels: Tunnels;
  readonly #pools = new Map<string, ConnectionPool>();
  readonly #tell = callbackify((broker: Broker) => this.#find(broker));
  readonly #tellEnd = callbackify(() => this.#end());
  #isClosed = false;

  constructor(options: Options, tunnels: Tunnels) {
    super(options.clientId, options);
    this.#options = options;
    this.#tunnels = tunnels;
  }

  override get(broker: Broker, callback: Done): void;
  override get(broker: Broker): Promise<Connection>;
  override get(broker: Broker, callback?: Done): Promise<Connection> | void {
    return callback === undefined ? this.#find(broker) : this.#tell(broker, callback);
  }

  async #find({ host, port }: Broker): Promise<Connection> {
    const door = await this.#tunnels.to({ hostname: host, port });
    if (this.#isClosed) throw new Error("The pool is closed.");
    const key = `${host} ${port}`;
    const pool = this.#pools.get(key) ?? this.#open(host);
    this.#pools.set(key, pool);
    return pool.get({ host: door.hostname, port: door.port });
  }

  #open(host: string): ConnectionPool {
    const { clientId, tls, tlsServerName, ...others } = this.#options;
    if (tls === undefined) return new ConnectionPool(clientId, others);
    const named = typeof tlsServerName === "string" ? tlsServerName : undefined;
    const { servername, ...identity } = farIdentity(host, named);
    const name = servername === undefined ? {} : { tlsServerName: servername };
    return new ConnectionPool(clientId, { ...others, tls: { ...tls, ...identity }, ...name });
  }

  override close(callback: (error: Error | null) => void): void;
  override close(): Promise<void>;
  override close(callback?: (error: Error | null) => void): Promise<void> | void {
    return callback === undefined ? this.#end() : this.#tellEnd(callback);
  }

  async #end(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([...this.#pools.values()].map(async (pool) => pool.close()));
  }

  override isActive(): boolean {
    return [...this.#pools.values()].some((pool) => pool.isActive());
  }

  override isConnected(): boolean {
    const pools = [...this.#pools.values()];
    return pools.length > 0 && pools.every((pool) => pool.isConnected());
  }
}
