/** Brings in a NATS JetStream stream, in order, from the sequence that was written last. Acknowledges nothing: our position is ours. */
import { AirworthyError, type StreamConnector } from "@airworthy/contract";
import {
  AckPolicy,
  type Consumer,
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamManager,
  type JsMsg,
  type StreamInfo,
  jetstreamManager,
} from "@nats-io/jetstream";
import { type ConnectionOptions, connect, type NatsConnection } from "@nats-io/transport-node";

import { digestJson } from "../../kernel/canonical.ts";
import { explainCause } from "../../kernel/network/explain-cause.ts";
import { farIdentity } from "../../kernel/network/far-identity.ts";
import { openTunnels, type Tunnels } from "../../kernel/network/open-tunnels.ts";
import type { Peer } from "../../kernel/network/peer.ts";
import { shortId } from "../../kernel/records/read-cloud-event.ts";
import type { SourceRun } from "../source-driver.ts";
import { createCollector } from "./collect-parts.ts";
import { readServer } from "./read-server.ts";
import { readStreamMessage } from "./read-stream-message.ts";

type Nats = Extract<StreamConnector["broker"], { readonly kind: "nats" }>;
type Run = SourceRun<StreamConnector>;
/** Sequences count within one life of a stream: made anew, it begins at 1 again. */
type Position = { readonly created: string; readonly sequence: number };

const connectTimeoutMs = 5000;
const idleLookMs = 2000;

export async function runNats(run: Run, broker: Nats): Promise<undefined> {
  const { connection, leave } = await open(run, broker);
  const stop = (): void => void connection.close().catch(() => undefined);
  run.signal.addEventListener("abort", stop, { once: true });
  try {
    const manager = await jetstreamManager(connection);
    await consume(run, { broker, connection, manager });
    return undefined;
  } catch (error) {
    throw run.signal.aborted ? error : explain(error, run);
  } finally {
    run.signal.removeEventListener("abort", stop);
    await connection.close().catch(() => undefined);
    leave();
  }
}

type Opened = { readonly connection: NatsConnection; readonly leave: () => void };

async function open(run: Run, broker: Nats): Promise<Opened> {
  const { connector, fill, peers } = run;
  const peer = peers({ name: connector.name, tls: connector.tls, proxy: connector.proxy });
  const options = optionsOf(run, broker, peer);
  const servers = broker.servers.map(fill);
  try {
    if (peer.proxy !== undefined) return await openThrough(openTunnels(peer.proxy, connectTimeoutMs), servers, options);
    return { connection: await connect({ ...options, servers }), leave: () => undefined };
  } catch (error) {
    throw error instanceof AirworthyError ? error : unreachable(connector.name, error);
  }
}

function optionsOf({ connector, secret }: Run, { auth }: Nats, { tls }: Peer): ConnectionOptions {
  const material = tls && {
    ...(tls.ca === undefined ? {} : { ca: tls.ca }),
    ...(tls.cert === undefined ? {} : { cert: tls.cert }),
    ...(tls.key === undefined ? {} : { key: tls.key }),
    ...(tls.serverName === undefined ? {} : { servername: tls.serverName }),
  };
  const login =
    auth === undefined
      ? {}
      : "token" in auth
        ? { token: secret(auth.token) }
        : { user: auth.user, pass: secret(auth.password) };
  return {
    name: `airworthy ${connector.name}`,
    timeout: connectTimeoutMs,
    // What was under way when a connection broke is lost to a consumer without acknowledgements: we begin again ourselves.
    reconnect: false,
    ...login,
    ...(material ? { tls: material } : {}),
  };
}

/** One server after the other, in any order: each has a name of its own in its certificate. */
async function openThrough(tunnels: Tunnels, servers: readonly string[], options: ConnectionOptions): Promise<Opened> {
  const { tls } = options;
  const named = tls && "servername" in tls ? String(tls.servername) : undefined;
  // All of them before a door is open.
  const addresses = servers.map((server) => readServer(server, 4222));
  let failed: unknown;
  for (const { hostname, port } of addresses.toSorted(() => Math.random() - 0.5)) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- until one answers
      const door = await tunnels.to({ hostname, port });
      const secure = tls ? { tls: { ...tls, ...farIdentity(hostname, named) } } : {};
      // oxlint-disable-next-line no-await-in-loop
      const connection = await connect({ ...options, ...secure, servers: `${door.hostname}:${door.port}` });
      return { connection, leave: tunnels.close };
    } catch (error) {
      const fault = tunnels.fault();
      failed = fault === undefined ? error : Object.assign(new Error("no way through the proxy"), { code: fault });
    }
  }
  tunnels.close();
  throw failed;
}

type At = { readonly broker: Nats; readonly connection: NatsConnection; readonly manager: JetStreamManager };

async function consume(run: Run, { broker, connection, manager }: At): Promise<void> {
  const info = await manager.streams.info(broker.stream);
  if (info.config.retention !== "limits") throw notKept(run.connector.name, broker.stream);
  const begin = await beginAt(run, info);
  const { name } = await manager.consumers.add(broker.stream, {
    ack_policy: AckPolicy.None,
    deliver_policy: DeliverPolicy.StartSequence,
    opt_start_seq: begin.sequence + 1,
    inactive_threshold: 60 * 1_000_000_000,
    mem_storage: true,
    num_replicas: 1,
    ...(broker.subject === undefined ? {} : { filter_subject: broker.subject }),
  });
  const consumer = await manager.jetstream().consumers.get(broker.stream, name);
  const messages = await consumer.consume({ max_messages: 1000, expires: 5000 });
  const state = { last: begin.sequence, busy: false };
  const idle = setInterval(() => void lookIdle(run, { consumer, state }), idleLookMs);
  const closed = connection.closed().then(() => {
    throw unreachable(run.connector.name, undefined);
  });
  try {
    await Promise.race([takeAll(run, { broker, messages, created: begin.created, state }), closed]);
  } finally {
    clearInterval(idle);
    messages.stop();
    closed.catch(() => undefined);
  }
}

/** Where to go on; what the stream has dropped meanwhile is on the record, for it will never come. */
async function beginAt({ connector, intake }: Run, info: StreamInfo): Promise<Position> {
  const { created } = info;
  const { first_seq: first, last_seq: last } = info.state;
  const text = intake.position();
  const known: Position | undefined = text === undefined ? undefined : JSON.parse(text);
  if (known?.created !== created) {
    const fromNow = known === undefined && connector.from === "now";
    return { created, sequence: fromNow ? last : Math.max(0, first - 1) };
  }
  if (first - 1 > known.sequence) {
    const range = `${known.sequence + 1}-${first - 1}`;
    const id = `nats:${info.config.name}:lost:${range}`;
    const reason = `The stream no longer has messages ${range}: they were dropped before they were read.`;
    await intake.reject({ id, origin: `nats ${info.config.name}`, digest: digestJson([created, range]) }, reason);
    return { created, sequence: first - 1 };
  }
  return known;
}

type State = { last: number; busy: boolean };
type Taking = {
  readonly broker: Nats;
  readonly messages: ConsumerMessages;
  readonly created: string;
  readonly state: State;
};

async function takeAll(run: Run, { broker, messages, created, state }: Taking): Promise<void> {
  const collector = createCollector();
  let delivered = 0;
  for await (const message of messages) {
    const { deliverySequence, pending, streamSequence } = message.info;
    // Without acknowledgements a message that was lost on the way shows as a gap here, and nowhere else.
    if (deliverySequence !== delivered + 1) throw gap(run.connector.name);
    delivered = deliverySequence;
    state.busy = true;
    const isWhole = collector.add(toMessage(message), { bytes: message.data.length, more: pending > 0 });
    if (!isWhole) continue;
    const part = collector.take();
    const first = part.messages[0]?.number ?? streamSequence;
    const range = `${first}-${streamSequence}`;
    const content = part.messages.map((one) => ("payload" in one ? one.payload : one.unreadable));
    await run.intake.deliver({
      batch: {
        id: `nats:${broker.stream}:${Date.parse(created) || created}:${range}`,
        origin: `nats ${broker.stream} ${range}`,
        digest: digestJson(content),
      },
      messages: part.messages,
      position: JSON.stringify({ created, sequence: streamSequence } satisfies Position),
      lag: pending,
    });
    state.last = streamSequence;
    state.busy = false;
  }
}

function toMessage(message: JsMsg): ReturnType<typeof readStreamMessage> {
  const { headers, info } = message;
  const id = headers?.get("Nats-Msg-Id") ?? "";
  return readStreamMessage({
    number: info.streamSequence,
    ...(id === "" ? {} : { id: shortId(`nats ${id}`) }),
    type: message.subject,
    time: Math.floor(info.timestampNanos / 1_000_000),
    contentType: headers?.get("content-type") || headers?.get("Content-Type"),
    body: message.data,
  });
}

/** A source that is silent and one that is cut off must not look alike: asked now and then, the broker says that nothing waits. */
async function lookIdle(
  run: Run,
  { consumer, state }: { readonly consumer: Consumer; readonly state: State },
): Promise<void> {
  if (state.busy) return;
  try {
    const askedAt = await run.intake.time();
    const info = await consumer.info();
    const isIn = info.num_pending === 0 && info.delivered.stream_seq <= state.last;
    if (isIn && !state.busy) await run.intake.caughtUp(askedAt);
  } catch {
    // The connection tells of its own end.
  }
}

function unreachable(name: string, cause: unknown): AirworthyError {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? String(cause.code) : "";
  const why = code.startsWith("PROXY_") ? explainCause(code) : `${nameOf(cause)}${code === "" ? "" : ` (${code})`}`;
  return new AirworthyError("unavailable", `The broker of ${name} cannot be reached${why === "" ? "" : `: ${why}`}.`, {
    retryable: true,
    cause,
  });
}

const nameOf = (cause: unknown): string => (cause instanceof Error ? cause.name : "");

function explain(error: unknown, { connector }: Run): unknown {
  if (error instanceof AirworthyError) return error;
  const isMissing = error instanceof Error && /stream not found/i.test(error.message);
  if (!isMissing) return unreachable(connector.name, error);
  return new AirworthyError("unavailable", `The broker of ${connector.name} has no such stream.`, {
    place: `Connector ${connector.name}, broker.stream`,
    fix: "Correct its name, or make it; the source goes on by itself then.",
    retryable: true,
  });
}

function gap(name: string): AirworthyError {
  return new AirworthyError("unavailable", `Messages of ${name} were lost on the way; they are read again.`, {
    retryable: true,
  });
}

function notKept(name: string, stream: string): AirworthyError {
  return new AirworthyError("invalid_input", `Stream ${stream} drops messages once somebody has acknowledged them.`, {
    place: `Connector ${name}, broker.stream`,
    fix: "Read a stream with retention limits; one that mirrors this one will do.",
  });
}
