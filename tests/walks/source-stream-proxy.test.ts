/** Streams behind an HTTP proxy that alone knows the way and the names: every broker through it, checked by its own name. */
import { jetstream, jetstreamManager } from "@nats-io/jetstream";
import { connect } from "@nats-io/transport-node";
import { Admin, Producer } from "@platformatic/kafka";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { makeCertificates, type Pair } from "../support/certificates.ts";
import { type ConnectProxy, startConnectProxy } from "../support/connect-proxy.ts";
import { eventually as look } from "../support/desk.ts";
import { freePort } from "../support/faults-process.ts";
import { installed } from "../support/installed.ts";
import { findKafka, startKafka, type TestKafka } from "../support/kafka.ts";
import { startNats, type TestNats } from "../support/nats.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { feedFiles, feedMessage } from "../support/stream-feed.ts";

const program = installed("nats-server", "nats-server");
const java = findKafka();
const certificates = makeCertificates();
/** A name that is looked up by the proxy, and by nobody else: whoever goes past it gets nowhere. */
const far = "other.example";
const total = 10_000;
const env = { PROXY_AUTH: "us:pw" };
let proxy: ConnectProxy;
let server: TestServer | undefined;

beforeEach(async () => {
  proxy = await startConnectProxy("us:pw");
  proxy.hosts.set(far, "127.0.0.1");
});
afterEach(async () => {
  await server?.close();
  server = undefined;
  await proxy.close();
});
afterAll(() => certificates.remove());

const eventually = <T>(ask: () => Promise<T>) => look<T>(() => ask().catch(() => undefined));
const throughProxy = (): string => `proxy: { url: "${proxy.url}", auth: { env: PROXY_AUTH } }`;
const tlsOf = (pair: Pair): string =>
  `tls: { ca: { file: ${certificates.ca.certFile} }, cert: { file: ${pair.certFile} }, key: { file: ${pair.keyFile} } }`;
const source = async () =>
  (await server?.admin.readSource({ name: "orders" })) ?? Promise.reject(new Error("no server"));
const problem = async (text: string): Promise<boolean> => (await source()).problem?.message.includes(text) === true;

/** What is in, once so much is and nothing waits. */
const whole = () =>
  eventually(async () => {
    const now = await source();
    return now.records >= total * 0.97 && now.lag === 0 && now;
  });
const expected = { records: total * 0.97, quarantined: total * 0.02, duplicates: total * 0.01 };

describe.skipIf(program === undefined)("NATS", () => {
  let nats: TestNats;
  beforeAll(async () => {
    const { otherName, ca, client } = certificates;
    nats = await startNats(
      program ?? "",
      `tls { cert_file: "${otherName.certFile}", key_file: "${otherName.keyFile}", ca_file: "${ca.certFile}", verify: true }`,
    );
    // The publisher is near: it knows the server by its address, and takes its certificate for what it is.
    const tls = { ca: ca.cert, cert: client.cert, key: client.key, servername: far };
    const connection = await connect({ servers: `127.0.0.1:${nats.port}`, tls });
    await (await jetstreamManager(connection)).streams.add({ name: "orders", subjects: ["orders.>"] });
    const stream = jetstream(connection);
    for (let at = 0; at < total; at += 250) {
      // oxlint-disable-next-line no-await-in-loop -- in order
      await Promise.all(Array.from({ length: 250 }, (_, index) => stream.publish("orders.x", feedMessage(at + index))));
    }
    await connection.close();
  }, 120_000);
  afterAll(() => nats.stop());

  it("10,000 messages come in through it with a certificate, and go on after it breaks every connection", async () => {
    const broker = `{ kind: nats, servers: ["nats://${far}:${nats.port}"], stream: orders }`;
    server = await startTestServer({
      files: feedFiles(broker, `${throughProxy()}\n${tlsOf(certificates.client)}`),
      env,
    });
    await eventually(async () => (await source()).records > 500);
    proxy.cut();
    expect(await whole()).toMatchObject(expected);
    expect(new Set(proxy.asked)).toEqual(new Set([`${far}:${nats.port}`]));
  }, 240_000);

  it("is told from another server by its name; what is wrong on the way is said", async () => {
    proxy.hosts.set("elsewhere.example", "127.0.0.1");
    const brokerOf = (host: string): string => `{ kind: nats, servers: ["${host}:${nats.port}"], stream: orders }`;
    const secure = tlsOf(certificates.client);
    server = await startTestServer({
      files: feedFiles(brokerOf("elsewhere.example"), `${throughProxy()}\n${secure}`),
      env,
    });
    await eventually(() => problem("ERR_TLS_CERT_ALTNAME_INVALID"));
    await server.apply(feedFiles(brokerOf("127.0.0.1"), `${throughProxy()}\n${secure}`));
    await eventually(() => problem("ERR_TLS_CERT_ALTNAME_INVALID"));
    proxy.refuse = 403;
    await eventually(() => problem("PROXY_403: the proxy refused the way"));
    proxy.refuse = undefined;
    await server.apply(
      feedFiles(brokerOf("127.0.0.1"), `${throughProxy()}\n${secure.replace("{", `{ serverName: ${far},`)}`),
    );
    expect(await whole()).toMatchObject(expected);
  }, 240_000);
});

describe.skipIf(java === undefined)("Kafka", () => {
  let kafka: TestKafka;
  const ports = { secure: 0, plain: 0 };
  beforeAll(async () => {
    ports.secure = await freePort();
    ports.plain = await freePort();
    const pem = (text: string): string => text.trim().replaceAll("\n", "\\n");
    const { otherName, ca } = certificates;
    kafka = await startKafka(
      java ?? "",
      "PLAINTEXT",
      `ssl.keystore.type=PEM
ssl.keystore.certificate.chain=${pem(otherName.cert)}
ssl.keystore.key=${pem(otherName.key)}
ssl.truststore.type=PEM
ssl.truststore.certificates=${pem(ca.cert)}
ssl.client.auth=required
ssl.endpoint.identification.algorithm=`,
      [
        { name: "FAR", host: far, port: ports.secure, secure: true },
        { name: "BARE", host: far, port: ports.plain, secure: false },
      ],
    );
    const near = { clientId: "test", bootstrapBrokers: [`127.0.0.1:${kafka.port}`], retries: 10, retryDelay: 500 };
    const admin = new Admin(near);
    await admin.createTopics({ topics: ["orders"], partitions: 2, replicas: 1 });
    await admin.close();
    const producer = new Producer(near);
    for (let at = 0; at < total; at += 500) {
      const messages = Array.from({ length: 500 }, (_, index) => ({
        topic: "orders",
        partition: Math.floor((at + index) / 100) % 2,
        value: feedMessage(at + index),
      }));
      // oxlint-disable-next-line no-await-in-loop -- in order
      await producer.send({ messages, acks: -1 });
    }
    await producer.close();
  }, 240_000);
  afterAll(() => kafka.stop());

  const brokerOf = (host: string, port: number): string =>
    `{ kind: kafka, servers: ["${host}:${port}"], topics: [orders] }`;

  it("10,000 messages come in through it with a certificate, and go on after it breaks every connection", async () => {
    proxy.hosts.set("first.example", "127.0.0.1");
    const files = feedFiles(brokerOf(far, ports.secure), `${throughProxy()}\n${tlsOf(certificates.client)}`);
    server = await startTestServer({ files, env });
    await eventually(async () => (await source()).records > 500);
    proxy.cut();
    expect(await whole()).toMatchObject(expected);
    expect(new Set(proxy.asked)).toEqual(new Set([`${far}:${ports.secure}`]));
    await server.apply(
      feedFiles(brokerOf("first.example", ports.secure), `${throughProxy()}\n${tlsOf(certificates.client)}`),
    );
    await eventually(() => problem("cannot be read"));
  }, 240_000);

  it("a broker that another tells of is reached through it too; what is wrong on the way is said", async () => {
    proxy.hosts.set("first.example", "127.0.0.1");
    proxy.refuse = 403;
    server = await startTestServer({ files: feedFiles(brokerOf("first.example", ports.plain), throughProxy()), env });
    await eventually(() => problem("PROXY_403: the proxy refused the way"));
    proxy.refuse = undefined;
    expect(await whole()).toMatchObject(expected);
    expect(new Set(proxy.asked)).toEqual(new Set([`first.example:${ports.plain}`, `${far}:${ports.plain}`]));
  }, 240_000);
});
