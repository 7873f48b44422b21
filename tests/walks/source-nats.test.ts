/** NATS JetStream, a real server: nothing lost and nothing twice while we and it are killed, with client certificates where it asks for them. */
import { jetstream, jetstreamManager, RetentionPolicy } from "@nats-io/jetstream";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { makeCertificates } from "../support/certificates.ts";
import { testDatabase } from "../support/database.ts";
import { createServerProcess, makePlace, type ServerProcess } from "../support/faults-process.ts";
import { installed } from "../support/installed.ts";
import { startNats, type TestNats } from "../support/nats.ts";
import { databaseUrlOf, startTestServer, type TestServer } from "../support/server.ts";
import { eventually as look } from "../support/desk.ts";
import { feedExpected, feedFiles, feedMessage, feedTotal } from "../support/stream-feed.ts";

const program = installed("nats-server", "nats-server");

async function makeStream(connection: NatsConnection, name: string, further: object = {}): Promise<void> {
  const manager = await jetstreamManager(connection);
  await manager.streams.add({ name, subjects: [`${name}.>`], ...further });
}

/** Until it is so: on a busy machine, and while a server starts, asking may fail on the way. */
const eventually = <T>(ask: () => Promise<T>) => look<T>(() => ask().catch(() => undefined));

describe.skipIf(program === undefined)("ten thousand messages", () => {
  let nats: TestNats;
  let database: Awaited<ReturnType<typeof testDatabase>>;
  let pool: pg.Pool;
  let server: ServerProcess;
  beforeAll(async () => {
    nats = await startNats(program ?? "");
    database = await testDatabase();
    pool = new pg.Pool({ ...database.connection, max: 2 });
    pool.on("error", () => undefined);
    const broker = `{ kind: nats, servers: ["127.0.0.1:${nats.port}"], stream: orders }`;
    const place = makePlace(feedFiles(broker));
    const env = { DATABASE_URL: databaseUrlOf(database.connection) };
    server = await createServerProcess({ place, dataDir: `${place.folder}/data`, env });
  });
  afterAll(async () => {
    await server.kill();
    await pool.end();
    await nats.stop();
    await database.drop();
  });

  const state = () => server.admin().readSource({ name: "orders" });

  it("come in once each, though the server is killed twice and the broker once on the way", async () => {
    const connection = await connect({ servers: `127.0.0.1:${nats.port}` });
    await makeStream(connection, "orders");
    const stream = jetstream(connection);
    const publish = async (from: number, to: number): Promise<void> => {
      for (let at = from; at < to; at += 250) {
        const some = Array.from({ length: Math.min(250, to - at) }, (_, index) => feedMessage(at + index));
        // oxlint-disable-next-line no-await-in-loop -- in order
        await Promise.all(some.map((message) => stream.publish("orders.changed", message)));
      }
    };
    await publish(0, 6000);
    server.spawn();
    await server.untilHealthy();
    await eventually(async () => (await state()).records > 500);
    await server.kill();
    server.spawn();
    await server.untilHealthy();
    await eventually(async () => (await state()).records > 3000);
    await nats.kill();
    await eventually(async () => (await state()).problem !== undefined);
    await connection.close();
    await nats.start();
    const again = await connect({ servers: `127.0.0.1:${nats.port}` });
    const rest = jetstream(again);
    for (let at = 6000; at < feedTotal; at += 1) {
      // oxlint-disable-next-line no-await-in-loop -- in order, while it is read and killed
      await rest.publish("orders.changed", feedMessage(at));
      // oxlint-disable-next-line no-await-in-loop
      if (at === 8000) await server.kill();
      if (at === 8500) server.spawn();
    }
    await server.untilHealthy();
    const end = await eventually(async () => {
      const now = await state();
      return now.lag === 0 && now.records >= feedExpected.records && now;
    });
    await again.close();
    expect(end).toMatchObject({ ...feedExpected, state: "running" });
    const { rows } = await pool.query(
      `select count(*)::int as records, count(distinct key)::int as keys, sum((value::json->>'total')::bigint)::bigint as total
       from source_records where connector = 'orders'`,
    );
    const numbers = Array.from({ length: feedTotal }, (_, index) => index).filter(
      (index) => ![13, 14, 15].includes(index % 100),
    );
    expect(rows).toEqual([
      {
        records: feedExpected.records,
        keys: feedExpected.records,
        total: String(numbers.reduce((sum, one) => sum + one, 0)),
      },
    ]);
    expect(server.ownEnds).toEqual([]);
  }, 600_000);

  it("are then read by agents, as of the moment at which everything was in", async () => {
    const { key } = await eventually(() => server.admin().createKey({ for: { kind: "agent", name: "clerk" } }));
    const before = Date.now();
    const read = await eventually(async () => {
      const answer = await server.client(key).proposeAction({ tool: "orders.get", arguments: { id: "o-42" } });
      const result = answer.result as { current?: string; value: { total: number } };
      return Date.parse(result.current ?? "") > before && answer;
    });
    expect(read).toMatchObject({ status: "done", result: { value: { total: 42 }, version: "1" } });
    const { quarantined } = await server.admin().listQuarantined({ source: "orders" });
    const kinds = new Set(quarantined.map(({ faults }) => `${faults[0]?.field} ${faults[0]?.expected.slice(0, 12)}`));
    expect(kinds).toEqual(new Set(["(message) JSON (The te", "total type integer"]));
  });

  it("that the broker has dropped before they were read are on the record", async () => {
    await server.kill();
    const connection = await connect({ servers: `127.0.0.1:${nats.port}` });
    const stream = jetstream(connection);
    for (let at = 0; at < 10; at += 1) {
      const message = JSON.stringify({ id: `late-${at}`, rev: 1, total: at });
      // oxlint-disable-next-line no-await-in-loop -- in order
      await stream.publish("orders.changed", message);
    }
    const manager = await jetstreamManager(connection);
    await manager.streams.purge("orders", { seq: feedTotal + 8 });
    await connection.close();
    server.spawn();
    await server.untilHealthy();
    await eventually(async () => (await state()).records === feedExpected.records + 3);
    expect((await state()).batches.find(({ state: one }) => one === "rejected")).toMatchObject({
      reason: `The stream no longer has messages ${feedTotal + 1}-${feedTotal + 7}: they were dropped before they were read.`,
    });
  }, 120_000);
});

describe.skipIf(program === undefined)("a broker that asks for certificates", () => {
  const certificates = makeCertificates();
  let nats: TestNats;
  let server: TestServer | undefined;
  beforeAll(async () => {
    const { ca, server: own } = certificates;
    nats = await startNats(
      program ?? "",
      `tls { cert_file: "${own.certFile}", key_file: "${own.keyFile}", ca_file: "${ca.certFile}", verify: true }
       authorization { user: reader, password: "a-password-of-the-test" }`,
    );
    const connection = await connect({
      servers: `127.0.0.1:${nats.port}`,
      user: "reader",
      pass: "a-password-of-the-test",
      tls: { ca: ca.cert, cert: certificates.client.cert, key: certificates.client.key },
    });
    await makeStream(connection, "orders");
    await makeStream(connection, "work", { retention: RetentionPolicy.Workqueue });
    for (let at = 0; at < 5; at += 1) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      await jetstream(connection).publish("orders.changed", JSON.stringify({ id: `t-${at}`, rev: 1, total: at }));
    }
    await connection.close();
  });
  afterAll(async () => {
    await server?.close();
    await nats.stop();
    certificates.remove();
  });

  const env = { NATS_PASSWORD: "a-password-of-the-test", WRONG_PASSWORD: "another" };
  const brokerOf = (stream: string, password = "NATS_PASSWORD") =>
    `{ kind: nats, servers: ["127.0.0.1:${nats.port}"], stream: ${stream}, auth: { user: reader, password: { env: ${password} } } }`;
  const tlsOf = (pair: { certFile: string; keyFile: string }) =>
    `tls: { ca: { file: ${certificates.ca.certFile} }, cert: { file: ${pair.certFile} }, key: { file: ${pair.keyFile} } }`;

  it("is read with them; without, with a stranger's, or with a wrong password the source says why and goes on when it is right", async () => {
    const good = tlsOf(certificates.client);
    const bare = `tls: { ca: { file: ${certificates.ca.certFile} } }`;
    server = await startTestServer({ files: feedFiles(brokerOf("orders"), bare), env });
    const { admin } = server;
    const source = () => admin.readSource({ name: "orders" });
    const problem = () => eventually(async () => (await source()).problem?.message);
    expect(await problem()).toContain("The broker of orders cannot be reached");
    await server.apply(feedFiles(brokerOf("orders"), tlsOf(certificates.strangeClient)));
    expect(await problem()).toContain("The broker of orders cannot be reached");
    await server.apply(feedFiles(brokerOf("orders", "WRONG_PASSWORD"), good));
    expect(await problem()).not.toContain("another");
    await server.apply(feedFiles(brokerOf("nothing"), good));
    await eventually(async () => (await source()).problem?.message.includes("no such stream"));
    await server.apply(feedFiles(brokerOf("work"), good));
    await eventually(async () => (await source()).problem?.message.includes("drops messages once"));
    await server.apply(feedFiles(brokerOf("orders"), good));
    await eventually(async () => (await source()).records === 5);
    expect(await source()).toMatchObject({ state: "running", current: { order: 5 } });
  }, 300_000);
});
