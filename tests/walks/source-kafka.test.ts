/** Kafka, a real broker: nothing lost and nothing twice while we and it are killed, what was aborted left out, deletions understood. */
import { Admin, Producer, stringSerializers } from "@platformatic/kafka";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeCertificates } from "../support/certificates.ts";
import { testDatabase } from "../support/database.ts";
import { eventually as look } from "../support/desk.ts";
import { createServerProcess, makePlace, type ServerProcess } from "../support/faults-process.ts";
import { findKafka, startKafka, type TestKafka } from "../support/kafka.ts";
import { databaseUrlOf, startTestServer, type TestServer } from "../support/server.ts";
import { feedExpected, feedFiles, feedMessage, feedTotal } from "../support/stream-feed.ts";

const java = findKafka();

/** Until it is so: on a busy machine, and while a server starts, asking may fail on the way. */
const eventually = <T>(ask: () => Promise<T>) => look<T>(() => ask().catch(() => undefined));

describe.skipIf(java === undefined)("ten thousand messages", () => {
  let kafka: TestKafka;
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let pool: pg.Pool;
  let server: ServerProcess;
  const connection = () => ({
    clientId: "test",
    bootstrapBrokers: [`127.0.0.1:${kafka.port}`],
    retries: 10,
    retryDelay: 500,
  });
  beforeAll(async () => {
    kafka = await startKafka(java ?? "");
    const admin = new Admin(connection());
    await admin.createTopics({ topics: ["orders"], partitions: 2, replicas: 1 });
    await admin.close();
    database = await testDatabase();
    pool = new pg.Pool({ ...database.connection, max: 2 });
    pool.on("error", () => undefined);
    const place = makePlace(feedFiles(`{ kind: kafka, servers: ["127.0.0.1:${kafka.port}"], topics: [orders] }`));
    const env = { DATABASE_URL: databaseUrlOf(database.connection) };
    server = await createServerProcess({ place, dataDir: `${place.folder}/data`, env });
  }, 240_000);
  afterAll(async () => {
    await server.kill();
    await pool.end();
    await kafka.stop();
    await database.drop();
  });

  const state = () => server.admin().readSource({ name: "orders" });

  /** By its hundred, so that a repetition is in the partition of what it repeats. */
  async function publish(from: number, to: number): Promise<void> {
    const producer = new Producer(connection());
    for (let at = from; at < to; at += 500) {
      const messages = Array.from({ length: Math.min(500, to - at) }, (_, index) => ({
        topic: "orders",
        partition: Math.floor((at + index) / 100) % 2,
        value: feedMessage(at + index),
      }));
      // oxlint-disable-next-line no-await-in-loop -- in order
      await producer.send({ messages, acks: -1 });
    }
    await producer.close();
  }

  it("come in once each, though the server is killed twice and the broker once on the way", async () => {
    await publish(0, 6000);
    server.spawn();
    await server.untilHealthy();
    await eventually(async () => (await state()).records > 500);
    await server.kill();
    server.spawn();
    await server.untilHealthy();
    await eventually(async () => (await state()).records >= 6000 * 0.97);
    await kafka.kill();
    await eventually(async () => (await state()).problem !== undefined);
    await kafka.start();
    await publish(6000, 8000);
    await server.kill();
    await publish(8000, feedTotal);
    server.spawn();
    await server.untilHealthy();
    const end = await eventually(async () => {
      const now = await state();
      return now.records >= feedExpected.records && now.lag === 0 && now;
    });
    expect(end).toMatchObject({ ...feedExpected, state: "running" });
    const { rows } = await pool.query(
      `select count(*)::int as records, count(distinct key)::int as keys from source_records where connector = 'orders'`,
    );
    expect(rows).toEqual([{ records: feedExpected.records, keys: feedExpected.records }]);
    expect(server.ownEnds).toEqual([]);
  }, 600_000);

  it("without a body say that the record of their key is gone", async () => {
    const producer = new Producer({ ...connection(), serializers: stringSerializers });
    const value = JSON.stringify({ id: "gone-1", rev: 1, total: 1 });
    await producer.send({ messages: [{ topic: "orders", partition: 0, key: "gone-1", value }], acks: -1 });
    const { key } = await eventually(() => server.admin().createKey({ for: { kind: "agent", name: "clerk" } }));
    const get = () => server.client(key).proposeAction({ tool: "orders.get", arguments: { id: "gone-1" } });
    await eventually(async () => (await get()).status === "done");
    const bare = new Producer(connection());
    await bare.send({
      messages: [{ topic: "orders", partition: 0, key: Buffer.from("gone-1"), value: Buffer.alloc(0) }],
      acks: -1,
    });
    await eventually(async () => (await get()).error?.code === "not_found");
    await producer.close();
    await bare.close();
  }, 120_000);
});

describe.skipIf(java === undefined)("a broker that asks for certificates", () => {
  const certificates = makeCertificates();
  let kafka: TestKafka;
  let server: TestServer | undefined;
  beforeAll(async () => {
    const pem = (text: string): string => text.trim().replaceAll("\n", "\\n");
    const { ca, server: own } = certificates;
    kafka = await startKafka(
      java ?? "",
      "SSL",
      `ssl.keystore.type=PEM
ssl.keystore.certificate.chain=${pem(own.cert)}
ssl.keystore.key=${pem(own.key)}
ssl.truststore.type=PEM
ssl.truststore.certificates=${pem(ca.cert)}
ssl.client.auth=required
ssl.endpoint.identification.algorithm=`,
    );
    const tls = { ca: ca.cert, cert: certificates.client.cert, key: certificates.client.key };
    const connection = {
      clientId: "test",
      bootstrapBrokers: [`127.0.0.1:${kafka.port}`],
      retries: 10,
      retryDelay: 500,
      tls,
    };
    const admin = new Admin(connection);
    await admin.createTopics({ topics: ["orders"], partitions: 1, replicas: 1 });
    await admin.close();
    const producer = new Producer({ ...connection, serializers: stringSerializers });
    const messages = [1, 2, 3].map((at) => ({
      topic: "orders",
      value: JSON.stringify({ id: `s-${at}`, rev: 1, total: at }),
    }));
    await producer.send({ messages, acks: -1 });
    await producer.close();
  }, 240_000);
  afterAll(async () => {
    await server?.close();
    await kafka.stop();
    certificates.remove();
  });

  it("is read with them, and without them the source says that it cannot be read", async () => {
    const broker = `{ kind: kafka, servers: ["127.0.0.1:${kafka.port}"], topics: [orders] }`;
    const tlsOf = (pair: { certFile: string; keyFile: string }) =>
      `tls: { ca: { file: ${certificates.ca.certFile} }, cert: { file: ${pair.certFile} }, key: { file: ${pair.keyFile} } }`;
    server = await startTestServer({ files: feedFiles(broker, tlsOf(certificates.strangeClient)) });
    const { admin } = server;
    await eventually(async () =>
      (await admin.readSource({ name: "orders" })).problem?.message.includes("cannot be read"),
    );
    await server.apply(feedFiles(broker, tlsOf(certificates.client)));
    await eventually(async () => (await admin.readSource({ name: "orders" })).records === 3);
  }, 240_000);
});
