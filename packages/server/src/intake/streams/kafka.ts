/** Brings in topics of a broker that speaks Kafka's protocol, in order of each partition, from the offsets that were written last. */
import { isIP } from "node:net";

import { AirworthyError, type StreamConnector } from "@airworthy/contract";
import { type ClusterMetadata, Consumer, type RecordsBatch } from "@platformatic/kafka";

import { digestJson } from "../../kernel/canonical.ts";
import { explainCause } from "../../kernel/network/explain-cause.ts";
import { openTunnels, type Tunnels } from "../../kernel/network/open-tunnels.ts";
import type { Peer } from "../../kernel/network/peer.ts";
import type { Message } from "../../kernel/records/read-message.ts";
import type { SourceRun } from "../source-driver.ts";
import { readStreamMessage } from "./read-stream-message.ts";
import { createTunnelledConsumer } from "./tunnelled-consumer.ts";

type Kafka = Extract<StreamConnector["broker"], { readonly kind: "kafka" }>;
type Run = SourceRun<StreamConnector>;
/** By `topic:id/partition`, for a topic made anew begins anew: the offset of the next message. */
type Offsets = Map<string, bigint>;
type FetchResponse = Awaited<ReturnType<Consumer["fetch"]>>;

const connectTimeoutMs = 5000;
const fetchWaitMs = 500;
const partitionBytes = 1024 * 1024;
const isControl = 0x20;
const isTransactional = 0x10;
const earliest = -2n;
const latest = -1n;

export async function runKafka(run: Run, broker: Kafka): Promise<undefined> {
  const peer = run.peers({ name: run.connector.name, tls: run.connector.tls, proxy: run.connector.proxy });
  const tunnels = peer.proxy && openTunnels(peer.proxy, connectTimeoutMs);
  const client = open(run, broker, { peer, tunnels });
  const stop = (): void => void close(client);
  run.signal.addEventListener("abort", stop, { once: true });
  try {
    const offsets = await beginAt(run, { broker, client });
    // oxlint-disable-next-line no-await-in-loop -- messages are brought in in order
    while (!run.signal.aborted) await takeNext(run, { broker, client, offsets });
    return undefined;
  } catch (error) {
    throw run.signal.aborted || error instanceof AirworthyError
      ? error
      : unreachable(run.connector.name, error, tunnels?.fault());
  } finally {
    run.signal.removeEventListener("abort", stop);
    await close(client);
    tunnels?.close();
  }
}

/** By force: nothing of ours is at the broker that would have to be left in order. */
async function close(client: Consumer): Promise<void> {
  try {
    const closing: unknown = client.close(true);
    await closing;
  } catch {
    // It is closed already.
  }
}

/** Names are sent along, addresses must not be (RFC 6066). */
const hostOf = (server: string): string => server.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
const keyOf = (topic: string, id: string, partition: number): string => `${topic}:${id}/${partition}`;

type Way = { readonly peer: Peer; readonly tunnels: Tunnels | undefined };

function open({ connector, secret, fill }: Run, { servers, auth }: Kafka, { peer, tunnels }: Way): Consumer {
  const { tls } = peer;
  const options = {
    clientId: "airworthy",
    // Named because the client wants one: no group is joined, and no offset kept at the broker.
    groupId: `airworthy-${connector.name}`,
    bootstrapBrokers: servers.map(fill),
    connectTimeout: connectTimeoutMs,
    timeout: 15_000,
    retries: 1,
    ...(tls === undefined
      ? {}
      : {
          tls: { ...tls },
          tlsServerName: tls.serverName ?? !servers.some((server) => isIP(hostOf(fill(server))) > 0),
        }),
    ...(auth === undefined
      ? {}
      : { sasl: { mechanism: auth.mechanism, username: auth.user, password: secret(auth.password) } }),
  };
  return tunnels === undefined ? new Consumer(options) : createTunnelledConsumer(options, tunnels);
}

type At = { readonly broker: Kafka; readonly client: Consumer };

async function beginAt(run: Run, { broker, client }: At): Promise<Offsets> {
  const known = readPosition(run.intake.position());
  const { topics } = await client.metadata({ topics: broker.topics, forceUpdate: true });
  const oldest = await client.listOffsets({ topics: broker.topics, timestamp: earliest });
  const isFromNow = known === undefined && run.connector.from === "now";
  const fresh = await client.listOffsets({ topics: broker.topics, timestamp: isFromNow ? latest : earliest });
  const partitions = [...fresh].flatMap(([topic, list]) =>
    list.map((offset, partition) => ({ topic, partition, offset })),
  );
  const offsets: Offsets = new Map();
  for (const { topic, partition, offset } of partitions) {
    const key = keyOf(topic, idOf(topics, topic), partition);
    const kept = oldest.get(topic)?.[partition] ?? 0n;
    const wanted = known?.get(key);
    const isLost = wanted !== undefined && kept > wanted;
    // oxlint-disable-next-line no-await-in-loop -- rare, and on the record before anything is read
    if (isLost) await tellLost(run.intake, { key, from: wanted, to: kept - 1n });
    offsets.set(key, isLost ? kept : (wanted ?? offset));
  }
  return offsets;
}

const idOf = (topics: ClusterMetadata["topics"], topic: string): string => topics.get(topic)?.id ?? "";

function readPosition(text: string | undefined): Offsets | undefined {
  if (text === undefined) return undefined;
  const offsets: Record<string, string> = JSON.parse(text);
  return new Map(Object.entries(offsets).map(([key, offset]) => [key, BigInt(offset)]));
}

/** What the broker has dropped before it was read will never come: that is on the record. */
async function tellLost(
  intake: Run["intake"],
  { key, from, to }: { readonly key: string; readonly from: bigint; readonly to: bigint },
): Promise<void> {
  const range = `${key} ${from}-${to}`;
  const batch = { id: `kafka:lost:${range}`, origin: `kafka ${range}`, digest: digestJson(range) };
  await intake.reject(batch, `The broker no longer has messages ${range}: they were dropped before they were read.`);
}

async function takeNext(run: Run, { broker, client, offsets }: At & { readonly offsets: Offsets }): Promise<void> {
  const askedAt = await run.intake.time();
  const metadata = await client.metadata({ topics: broker.topics });
  const answers = await Promise.all(
    requestsByLeader(metadata, offsets).map(([node, topics]) =>
      client.fetch({
        node,
        topics,
        minBytes: 1,
        maxBytes: 8 * partitionBytes,
        maxWaitTime: fetchWaitMs,
        isolationLevel: "READ_COMMITTED",
      }),
    ),
  );
  const names = new Map([...metadata.topics].map(([name, { id }]) => [id, name]));
  let lag = 0;
  for (const read of answers.flatMap((answer) => readAnswer(answer, { names, offsets }))) {
    // oxlint-disable-next-line no-await-in-loop -- one transaction after the other
    await deliver(run, read, offsets);
    lag += Number(read.end - read.next);
  }
  if (lag === 0) await run.intake.caughtUp(askedAt);
}

type Topics = Parameters<Consumer["fetch"]>[0]["topics"];

function requestsByLeader(metadata: ClusterMetadata, offsets: Offsets): [number, Topics][] {
  const leaders = new Map<number, Map<string, Topics[number]["partitions"]>>();
  for (const [topic, { id, partitions }] of metadata.topics) {
    for (const [partition, { leader }] of partitions.entries()) {
      const fetchOffset = offsets.get(keyOf(topic, id, partition)) ?? 0n;
      const own = leaders.get(leader) ?? new Map<string, Topics[number]["partitions"]>();
      const base = {
        partition,
        currentLeaderEpoch: -1,
        fetchOffset,
        lastFetchedEpoch: -1,
        partitionMaxBytes: partitionBytes,
      };
      leaders.set(leader, own.set(id, [...(own.get(id) ?? []), base]));
    }
  }
  return [...leaders].map(([leader, topics]) => [
    leader,
    [...topics].map(([topicId, partitions]) => ({ topicId, partitions })),
  ]);
}

type Read = {
  readonly key: string;
  readonly messages: readonly Message[];
  readonly first: bigint;
  /** The offset after the last one that was looked at. */
  readonly next: bigint;
  /** The offset up to which everything is committed. */
  readonly end: bigint;
};
type Known = { readonly names: ReadonlyMap<string, string>; readonly offsets: Offsets };

function readAnswer(answer: FetchResponse, { names, offsets }: Known): Read[] {
  return answer.responses.flatMap(({ topicId, partitions }) =>
    partitions.map((one): Read => {
      const topic = names.get(topicId) ?? topicId;
      const key = keyOf(topic, topicId, one.partitionIndex);
      const first = offsets.get(key) ?? 0n;
      const batches = one.records ?? [];
      const messages = visible(batches, one.abortedTransactions).flatMap((batch) => readBatch(batch, { topic, first }));
      const last = batches.at(-1);
      const next = last === undefined ? first : last.firstOffset + BigInt(last.lastOffsetDelta) + 1n;
      return {
        key,
        messages,
        first,
        next: next > first ? next : first,
        end: one.lastStableOffset,
      };
    }),
  );
}

type Aborted = FetchResponse["responses"][number]["partitions"][number]["abortedTransactions"];

/** Without the markers of transactions, and without what was aborted: the broker sends both and says which. */
function visible(batches: readonly RecordsBatch[], aborted: Aborted): RecordsBatch[] {
  const waiting = [...aborted].toSorted((left, right) => Number(left.firstOffset - right.firstOffset));
  const abortedNow = new Set<bigint>();
  return batches.filter((batch) => {
    while (waiting[0] !== undefined && waiting[0].firstOffset <= batch.firstOffset + BigInt(batch.lastOffsetDelta)) {
      abortedNow.add(waiting.shift()?.producerId ?? -1n);
    }
    if ((batch.attributes & isControl) !== 0) {
      abortedNow.delete(batch.producerId);
      return false;
    }
    return (batch.attributes & isTransactional) === 0 || !abortedNow.has(batch.producerId);
  });
}

function readBatch(
  batch: RecordsBatch,
  { topic, first }: { readonly topic: string; readonly first: bigint },
): Message[] {
  return batch.records.flatMap(({ offsetDelta, timestampDelta, key, value, headers }) => {
    const offset = batch.firstOffset + BigInt(offsetDelta);
    // A batch is sent whole, though it may begin before the offset that was asked for.
    if (offset < first) return [];
    const contentType = headers.find(([name]) => name.toString().toLowerCase() === "content-type")?.[1].toString();
    return readStreamMessage({
      number: Number(offset) + 1,
      type: topic,
      time: Number(batch.firstTimestamp + timestampDelta),
      contentType,
      ...(key.length === 0 ? {} : { key: key.toString("utf8") }),
      // The client reads a value that is null, which deletes, and an empty one as the same; neither is a record.
      body: value.length === 0 ? undefined : value,
    });
  });
}

const partMessages = 500;

async function deliver({ intake }: Run, read: Read, offsets: Offsets): Promise<void> {
  const { key } = read;
  for (let from = 0; from < read.messages.length; from += partMessages) {
    const messages = read.messages.slice(from, from + partMessages);
    const isLast = from + partMessages >= read.messages.length;
    const next = isLast ? read.next : BigInt(messages.at(-1)?.number ?? 0);
    const range = `${key}:${BigInt(messages[0]?.number ?? 1) - 1n}-${next - 1n}`;
    const content = messages.map((one) => ("payload" in one ? one.payload : one.unreadable));
    const after = new Map(offsets).set(key, next);
    // oxlint-disable-next-line no-await-in-loop -- one transaction after the other
    await intake.deliver({
      batch: { id: `kafka:${range}`, origin: `kafka ${range}`, digest: digestJson(content) },
      messages,
      position: writePosition(after),
      lag: Number(read.end - next),
    });
    offsets.set(key, next);
  }
  offsets.set(key, read.next);
}

const writePosition = (offsets: Offsets): string =>
  JSON.stringify(Object.fromEntries([...offsets].map(([key, offset]) => [key, String(offset)])));

function unreachable(name: string, cause: unknown, fault: string | undefined): AirworthyError {
  const code = typeof cause === "object" && cause !== null && "code" in cause ? ` (${String(cause.code)})` : "";
  const why = fault === undefined ? code : ` (${explainCause(fault)})`;
  return new AirworthyError("unavailable", `The broker of ${name} cannot be read${why}.`, { retryable: true, cause });
}
