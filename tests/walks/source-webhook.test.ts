/** Events pushed to the door: proven, committed before 202, once each; read by agents, and felt by those who believe something older. */
import { createHmac, randomBytes } from "node:crypto";
import { connect } from "node:net";

import type { Json } from "@airworthy/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { type Desk, eventually, openDesk } from "../support/desk.ts";
import { shopFiles } from "../support/shop.ts";

const signing = randomBytes(24);
const oldSigning = randomBytes(24);
const env = {
  ERP_SECRET: `whsec_${signing.toString("base64")}`,
  ERP_OLD_SECRET: `whsec_${oldSigning.toString("base64")}`,
  HUB_SECRET: "hub-secret-of-the-test",
  ERP_TOKEN: "a-token-of-the-test-that-is-long",
};

const files = {
  ...shopFiles,
  "contracts.yaml": `
apiVersion: airworthy/v1
kind: SourceContract
name: vendors
version: 3
fields:
  - { name: vendorId, type: text, nullable: false, maxLength: 20 }
  - { name: revision, type: integer, nullable: true }
  - { name: status, type: text, nullable: false, allowed: [active, disputed, closed] }
  - { name: iban, type: text, nullable: true }
---
apiVersion: airworthy/v1
kind: SourceContract
name: accounts
version: 1
fields:
  - { name: id, type: text, nullable: false }
  - { name: status, type: text, nullable: false, allowed: [active, disputed] }
`,
  "erp.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: erp
type: webhook
verify:
  by: signature
  scheme: standard-webhooks
  secrets: [{ env: ERP_SECRET }, { env: ERP_OLD_SECRET }]
maxBytes: 65536
records:
  - record: vendor
    contract: vendors
    key: $.vendorId
    version: $.revision
    types: [com.example.vendor.*]
ignore: [com.example.ping]
tools:
  - name: vendors.get
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id], additionalProperties: false }
    find: { record: vendor, by: $.id }
    yields:
      - { fact: vendor.status, key: $.key, value: $.value.status, type: string }
  - name: vendors.list
    effect: read
    input: { type: object, properties: { after: { type: string } }, additionalProperties: false }
    list: { record: vendor, after: $.after, limit: 2 }
---
apiVersion: airworthy/v1
kind: Connector
name: hub
type: webhook
verify: { by: signature, scheme: x-hub-signature-256, secrets: [{ env: HUB_SECRET }] }
records:
  - { record: vendor, contract: vendors, key: $.vendorId, version: $.revision }
tools:
  - { name: hub.get, effect: read, input: { type: object, properties: { id: { type: string } }, required: [id] }, find: { record: vendor, by: $.id } }
---
apiVersion: airworthy/v1
kind: Connector
name: token
type: webhook
verify: { by: bearer, token: { env: ERP_TOKEN } }
records:
  - { record: vendor, contract: vendors, version: "@.revision", each: $.items, key: "@.vendorId" }
tools:
  - { name: token.get, effect: read, input: { type: object, properties: { id: { type: string } }, required: [id] }, find: { record: vendor, by: $.id } }
---
apiVersion: airworthy/v1
kind: Connector
name: crm-push
type: webhook
verify: { by: bearer, token: { env: ERP_TOKEN } }
records:
  - { record: account, contract: accounts, key: $.id }
tools:
  - name: accounts.pushed
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    find: { record: account, by: $.id }
    yields:
      - { fact: shop.status, key: $.key, value: $.value.status, type: string }
---
apiVersion: airworthy/v1
kind: Connector
name: behind
type: http
baseUrl: \${SHOP_URL}
tools:
  - name: behind.get
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: GET, path: "/behind/{id}" }
    yields:
      - { fact: shop.status, key: $.id, value: $.status, asOf: $.asOf, type: string }
  - name: behind.note
    effect: write
    reversibility: reversible
    input: { type: object, properties: { account: { type: string }, text: { type: string } }, required: [account, text] }
    request: { method: POST, path: /notes, body: [text] }
    rests_on:
      - { fact: shop.status, key: $.account, maxAge: 1h, lookup: { tool: behind.get, with: { id: $.account } } }
    idempotency: { header: Idempotency-Key, retention: 1h }
---
apiVersion: airworthy/v1
kind: Connector
name: nosecret
type: webhook
verify: { by: signature, scheme: standard-webhooks, secrets: [{ env: NOT_THERE }] }
records:
  - { record: account, contract: accounts, key: $.id }
tools:
  - { name: nosecret.get, effect: read, input: { type: object, properties: { id: { type: string } }, required: [id] }, find: { record: account, by: $.id } }
`
    .replace("records: &records", "records:")
    .replace("  - &get\n    name", "  - name"),
  "agents.yaml": shopFiles["agents.yaml"]!.replace(
    "tools: [shop.list,",
    "tools: [behind.get, behind.note, vendors.get, vendors.list, hub.get, token.get, accounts.pushed, shop.list,",
  ),
};

let desk: Desk;
let clerk: Awaited<ReturnType<Desk["server"]["agent"]>>["client"];
beforeAll(async () => {
  desk = await openDesk({ files, env });
  clerk = (await desk.server.agent("clerk")).client;
});
afterAll(async () => desk.close());

type Answer = { readonly status: number; readonly body: Record<string, unknown>; readonly headers: Headers };

async function post(path: string, body: string | Buffer, headers: Record<string, string>): Promise<Answer> {
  const response = await fetch(`${desk.server.url}${path}`, {
    method: "POST",
    body: new Uint8Array(Buffer.from(body)),
    headers,
  });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, unknown>,
    headers: response.headers,
  };
}

function signed(body: string, { id = `msg_${randomBytes(6).toString("hex")}`, at = Date.now(), key = signing } = {}) {
  const time = String(Math.floor(at / 1000));
  const signature = createHmac("sha256", key).update(`${id}.${time}.${body}`).digest("base64");
  return { "webhook-id": id, "webhook-timestamp": time, "webhook-signature": `v1,${signature}` };
}

let events = 0;
const vendorEvent = (data: Json, rest: object = {}): object => {
  events += 1;
  return { specversion: "1.0", id: `e-${events}`, source: "/erp", type: "com.example.vendor.changed", data, ...rest };
};
const vendor = (vendorId: string, revision: number, status = "active", iban = "DE1"): Json => ({
  vendorId,
  revision,
  status,
  iban,
});

function sendEvent(event: object, sign: Parameters<typeof signed>[1] = {}): Promise<Answer> {
  const body = JSON.stringify(event);
  return post("/events/erp", body, { "content-type": "application/cloudevents+json", ...signed(body, sign) });
}

const get = (tool: string, id: string) => clerk.proposeAction({ tool, arguments: { id } });

describe("an event", () => {
  it("is committed before it is acknowledged, and agents read it with its age, version and batch", async () => {
    const time = new Date(Date.now() - 5000).toISOString();
    const sent = await sendEvent(vendorEvent(vendor("v-1", 1), { time }));
    expect(sent).toMatchObject({ status: 202, body: { state: "taken", records: 1, quarantined: 0 } });
    const answer = await get("vendors.get", "v-1");
    const batch = sent.body["batch"];
    expect(answer).toMatchObject({
      status: "done",
      result: { record: "vendor", key: "v-1", version: "1", asOf: time, batch, value: { status: "active" } },
    });
    const [observation] = await desk.sql(
      "select fact, key, source, source_version, batch, as_of from observations where fact = 'vendor.status'",
    );
    expect(observation).toMatchObject({
      key: "v-1",
      source: "vendors.get",
      source_version: "1",
      batch,
      as_of: new Date(time),
    });
  });

  it("again is a duplicate; of its id with other content it is refused", async () => {
    const event = vendorEvent(vendor("v-dup", 1));
    expect(await sendEvent(event)).toMatchObject({ status: 202, body: { state: "taken" } });
    expect(await sendEvent(event)).toMatchObject({ status: 202, body: { state: "duplicate", records: 0 } });
    const other = { ...event, data: vendor("v-dup", 2, "closed") };
    expect(await sendEvent(other)).toMatchObject({ status: 409, body: { code: "conflict" } });
    expect(await get("vendors.get", "v-dup")).toMatchObject({ result: { version: "1" } });
  });

  it("that comes late does not overwrite a newer one", async () => {
    await sendEvent(vendorEvent(vendor("v-late", 5, "disputed")));
    expect(await sendEvent(vendorEvent(vendor("v-late", 4, "active")))).toMatchObject({
      status: 202,
      body: { late: 1 },
    });
    expect(await get("vendors.get", "v-late")).toMatchObject({
      result: { version: "5", value: { status: "disputed" } },
    });
  });

  it("in a batch is judged by itself; a second batch that overlaps adds only what is new", async () => {
    const [one, two] = [vendorEvent(vendor("v-b1", 1)), vendorEvent(vendor("v-b2", 1))];
    const send = (list: readonly unknown[]) => {
      const body = JSON.stringify(list);
      return post("/events/erp", body, { "content-type": "application/cloudevents-batch+json", ...signed(body) });
    };
    const mixed = [
      one,
      { specversion: "0.3", id: "x" },
      vendorEvent({ vendorId: "v-b3", revision: 1, status: "gone", iban: null }),
    ];
    expect(await send(mixed)).toMatchObject({ status: 202, body: { records: 1, quarantined: 2 } });
    expect(await send([one, two])).toMatchObject({ status: 202, body: { records: 1, duplicates: 1 } });
    expect(await send([])).toMatchObject({ status: 400 });
    expect(await send(Array.from({ length: 1001 }, () => one))).toMatchObject({ status: 413 });
    expect(await get("vendors.get", "v-b2")).toMatchObject({ status: "done" });
  });

  it("of an ignored type is taken and leaves nothing; of an unknown one it is quarantined", async () => {
    const ping = await sendEvent(vendorEvent({ hello: 1 }, { type: "com.example.ping" }));
    expect(ping).toMatchObject({ status: 202, body: { records: 0, quarantined: 0 } });
    const strange = await sendEvent(vendorEvent({ hello: 1 }, { type: "com.example.order.made" }));
    expect(strange).toMatchObject({ status: 202, body: { records: 0, quarantined: 1 } });
  });

  it("comes in binary mode only where the headers are the sender's too", async () => {
    const body = JSON.stringify({ items: [vendor("v-bin", 1), vendor("v-bin2", 1)] });
    const attributes = {
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-id": "b%201",
      "ce-source": "/x",
      "ce-type": "t",
    };
    const sent = await post("/events/token", body, { ...attributes, authorization: `Bearer ${env.ERP_TOKEN}` });
    expect(sent).toMatchObject({ status: 202, body: { records: 2, batch: "2:/x b 1" } });
    expect(await get("token.get", "v-bin2")).toMatchObject({ status: "done" });
    const refused = await post("/events/erp", body, { ...attributes, ...signed(body) });
    expect(refused).toMatchObject({ status: 400, body: { place: "header ce-id" } });
  });

  it("may be plain JSON, known again by what its proof binds to the body", async () => {
    const body = JSON.stringify(vendor("v-hub", 1));
    const signature = createHmac("sha256", env.HUB_SECRET).update(body).digest("hex");
    const headers = { "content-type": "application/json", "x-hub-signature-256": `sha256=${signature}` };
    expect(await post("/events/hub", body, { ...headers, "x-github-delivery": "1" })).toMatchObject({
      body: { state: "taken" },
    });
    expect(await post("/events/hub", body, { ...headers, "x-github-delivery": "2" })).toMatchObject({
      body: { state: "duplicate" },
    });
    expect(await post("/events/hub", body.replace("active", "closed"), headers)).toMatchObject({ status: 401 });
    expect(await get("hub.get", "v-hub")).toMatchObject({ status: "done" });
  });

  it("of a tenant goes to that tenant only, and an unknown place tells nothing", async () => {
    const event = JSON.stringify(vendorEvent(vendor("v-t", 1)));
    const type = { "content-type": "application/cloudevents+json" };
    expect(await post("/events/main/erp", event, { ...type, ...signed(event) })).toMatchObject({ status: 202 });
    const nowhere = await post("/events/main/nothing", event, { ...type, ...signed(event) });
    const noTenant = await post("/events/nobody/erp", event, { ...type, ...signed(event) });
    const notPushed = await post("/events/shop", event, { ...type, ...signed(event) });
    expect([nowhere.status, noTenant.status, notPushed.status]).toEqual([404, 404, 404]);
    expect(noTenant.body).toEqual(nowhere.body);
  });
});

describe("a hostile sender", () => {
  const event = () => JSON.stringify(vendorEvent(vendor("v-evil", 9, "closed")));
  const type = { "content-type": "application/cloudevents+json" };

  it("without a good signature is refused, whatever is wrong with it", async () => {
    const body = event();
    const good = signed(body);
    const bad: Record<string, string>[] = [
      {},
      { ...good, "webhook-signature": "v1,AAAA" },
      { ...good, "webhook-signature": good["webhook-signature"].replace("v1,", "v2,") },
      { ...good, "webhook-id": "another" },
      { ...good, "webhook-timestamp": String(Number(good["webhook-timestamp"]) + 1) },
      { ...good, "webhook-timestamp": "NaN" },
      signed(body, { key: randomBytes(24) }),
      signed(body, { key: Buffer.alloc(0) }),
      signed(`${body} `),
      { authorization: `Bearer ${env.ERP_TOKEN}` },
    ];
    for (const headers of bad) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await post("/events/erp", body, { ...type, ...headers })).toMatchObject({ status: 401 });
    }
    expect(await get("vendors.get", "v-evil")).toMatchObject({ status: "failed" });
    expect(
      await post("/events/token", "{}", { "content-type": "application/json", authorization: "Bearer x" }),
    ).toMatchObject({ status: 401 });
  });

  it("with an old copy is refused by its time, with a recent one it is a duplicate", async () => {
    const body = JSON.stringify(vendorEvent(vendor("v-replay", 1)));
    for (const at of [Date.now() - 600_000, Date.now() + 600_000]) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      expect(await post("/events/erp", body, { ...type, ...signed(body, { at }) })).toMatchObject({ status: 401 });
    }
    const headers = { ...type, ...signed(body, { id: "msg_1" }) };
    expect(await post("/events/erp", body, headers)).toMatchObject({ body: { state: "taken" } });
    expect(await post("/events/erp", body, headers)).toMatchObject({ body: { state: "duplicate" } });
  });

  it("may sign with any of the secrets while one is being replaced", async () => {
    expect(await sendEvent(vendorEvent(vendor("v-rot", 1)), { key: oldSigning })).toMatchObject({ status: 202 });
  });

  it("is told nothing of a secret that is missing here", async () => {
    const answer = await post("/events/nosecret", "{}", { ...type, ...signed("{}") });
    expect(answer).toMatchObject({ status: 503, body: { retryable: true } });
    expect(JSON.stringify(answer.body)).not.toContain("NOT_THERE");
    expect(answer.headers.get("retry-after")).toBe("2");
  });

  it("with a body that is too large, compressed, no JSON or no event gets an error that says so", async () => {
    const large = JSON.stringify(vendorEvent(vendor("v", 1, "active", "x".repeat(70_000))));
    expect(await post("/events/erp", large, { ...type, ...signed(large) })).toMatchObject({ status: 413 });
    const send = (body: string, headers = {}) => post("/events/erp", body, { ...type, ...signed(body), ...headers });
    expect(await send("{}", { "content-encoding": "gzip" })).toMatchObject({ status: 415 });
    expect(await send('{"a":1,"a":2}')).toMatchObject({ status: 400, body: { code: "invalid_json" } });
    expect(await send("\u0000")).toMatchObject({ status: 400 });
    expect(await send("[]")).toMatchObject({ status: 400, body: { place: "$" } });
    expect(await send(JSON.stringify({ ...vendorEvent({}), time: "yesterday" }))).toMatchObject({ status: 400 });
    expect(await send("{}", { "content-type": "text/plain" })).toMatchObject({
      status: 400,
      body: { place: "header Content-Type" },
    });
    const read = await fetch(`${desk.server.url}/events/erp`);
    expect([read.status, read.headers.get("allow")]).toEqual([405, "POST"]);
  });

  it("that leaves in the middle of a body leaves nothing", async () => {
    const { port, hostname } = new URL(desk.server.url);
    const socket = connect(Number(port), hostname);
    const body = event();
    const head = Object.entries({ ...type, ...signed(body), "content-length": String(body.length), host: "x" });
    socket.write(
      `POST /events/erp HTTP/1.1\r\n${head.map(([name, value]) => `${name}: ${value}\r\n`).join("")}\r\n${body.slice(0, 20)}`,
    );
    socket.end();
    socket.resume();
    await new Promise((resolve) => socket.once("close", resolve));
    expect(await get("vendors.get", "v-evil")).toMatchObject({ status: "failed" });
  });
});

describe("a pushed fact", () => {
  const push = (id: string, status: string, at = new Date()) => {
    const body = JSON.stringify({
      specversion: "1.0",
      id: randomBytes(8).toString("hex"),
      source: "/crm",
      type: "changed",
      time: at.toISOString(),
      data: { id, status },
    });
    return post("/events/crm-push", body, {
      "content-type": "application/cloudevents+json",
      authorization: `Bearer ${env.ERP_TOKEN}`,
    });
  };
  const refund = (account: string) =>
    clerk.proposeAction({
      tool: "shop.refund",
      arguments: { account, invoice: `i-${account}-${randomBytes(4).toString("hex")}`, amountMinor: 100 },
    });

  it("outdates what the agent believes within its age: the action is sent back with both values", async () => {
    expect(await get("shop.get", "acc-p1")).toMatchObject({ status: "done", result: { status: "active" } });
    expect(await refund("acc-p1")).toMatchObject({ status: "done" });
    desk.status["acc-p1"] = "disputed";
    // Without the push, the belief would pass for a minute.
    expect(await refund("acc-p1")).toMatchObject({ status: "done" });
    expect(await push("acc-p1", "disputed")).toMatchObject({ status: 202 });
    const sentBack = await refund("acc-p1");
    expect(sentBack).toMatchObject({ status: "refused" });
    expect(sentBack.decision?.reasons[0]).toMatchObject({
      code: "fact_changed",
      fact: { was: "active", now: "disputed" },
    });
  });

  it("is believed over a look-up that is still behind it", async () => {
    const asOf = new Date(Date.now() - 60_000).toISOString();
    desk.interfere = ({ path }) =>
      path.startsWith("/behind/") ? { body: { id: "acc-p2", status: "active", asOf } } : undefined;
    const note = (text: string) => clerk.proposeAction({ tool: "behind.note", arguments: { account: "acc-p2", text } });
    expect(await get("behind.get", "acc-p2")).toMatchObject({ result: { status: "active" } });
    expect(await note("before")).toMatchObject({ status: "done" });
    expect(await push("acc-p2", "disputed")).toMatchObject({ status: 202, body: { records: 1 } });
    const sentBack = await note("after");
    const fact = { was: "active", now: "disputed" };
    expect(sentBack.decision?.reasons[0]).toMatchObject({ code: "fact_changed", fact });
  });

  it("that is older than what the agent read changes nothing, and neither does one that says the same", async () => {
    expect(await get("shop.get", "acc-p3")).toMatchObject({ result: { status: "active" } });
    await push("acc-p3", "disputed", new Date(Date.now() - 3_600_000));
    expect(await refund("acc-p3")).toMatchObject({ status: "done" });
    await push("acc-p3", "active");
    expect(await refund("acc-p3")).toMatchObject({ status: "done" });
  });
});

describe("quarantine", () => {
  const bad = async (vendorId: string, data: object = {}) => {
    const value: Json = JSON.parse(
      JSON.stringify({ vendorId, revision: 1, status: "gone", iban: `DE${"9".repeat(60)}`, ...data }),
    );
    expect(await sendEvent(vendorEvent(value))).toMatchObject({ body: { quarantined: 1 } });
    const { quarantined } = await desk.server.admin.listQuarantined({ source: "erp" });
    const found = quarantined.find(({ key }) => key === vendorId);
    if (!found) throw new Error("not in quarantine");
    return found;
  };

  it("names record, field, expected and found; values are shortened", async () => {
    const held = await bad("v-q1");
    expect(held).toMatchObject({
      connector: "erp",
      record: "vendor",
      contract: { name: "vendors", version: 3 },
      faults: [{ field: "status", expected: "one of active, disputed, closed", found: '"gone"' }],
      state: "held",
    });
    const shown = await desk.server.admin.readQuarantined({ id: held.id });
    expect(shown.value).toMatchObject({ vendorId: "v-q1", iban: `DE${"9".repeat(30)}…` });
    expect(shown).not.toHaveProperty("whole");
    expect(await get("vendors.get", "v-q1")).toMatchObject({ status: "failed", error: { code: "not_found" } });
  });

  it("releases a record as it is, or as a person corrects it, once, with who and why in the ledger", async () => {
    const maria = (await desk.server.person("maria")).client;
    const asIs = await bad("v-q2");
    expect(await maria.releaseQuarantined({ id: asIs.id, reason: "seen with the vendor" })).toMatchObject({
      state: "released",
      decision: { by: "maria", reason: "seen with the vendor" },
    });
    expect(await get("vendors.get", "v-q2")).toMatchObject({
      status: "done",
      result: { value: { status: "gone" }, batch: asIs.batch },
    });
    await expect(maria.releaseQuarantined({ id: asIs.id, reason: "again" })).rejects.toMatchObject({
      code: "conflict",
    });
    await expect(maria.discardQuarantined({ id: asIs.id, reason: "no" })).rejects.toMatchObject({ code: "conflict" });

    const wrong = await bad("v-q3");
    const value = { vendorId: "v-q3", revision: 1, status: "closed", iban: null };
    await maria.releaseQuarantined({ id: wrong.id, reason: "typing error", value });
    expect(await get("vendors.get", "v-q3")).toMatchObject({ result: { value } });

    const away = await bad("v-q4");
    await maria.discardQuarantined({ id: away.id, reason: "a test of theirs" });
    expect(await get("vendors.get", "v-q4")).toMatchObject({ status: "failed" });

    const entries = await desk.sql<{ kind: string; body: string }>(
      `select e.kind, b.body from ledger_entries e join ledger_bodies b using (tenant, day, chain, seq)
       where e.kind like 'quarantine%' order by e.seq`,
    );
    const told = entries.map(({ kind, body }) => ({ kind, ...(JSON.parse(body) as object) }));
    expect(told).toMatchObject([
      { kind: "quarantine_released", by: "maria", reason: "seen with the vendor", amended: false, became: "newest" },
      { kind: "quarantine_released", by: "maria", reason: "typing error", amended: true },
      { kind: "quarantine_discarded", by: "maria", reason: "a test of theirs" },
    ]);
    expect(await desk.server.admin.verifyLedger()).toMatchObject({ ok: true });
  });

  it("does not let a released record overwrite a newer one", async () => {
    const held = await bad("v-q5");
    await sendEvent(vendorEvent(vendor("v-q5", 2, "active")));
    await desk.server.admin.releaseQuarantined({ id: held.id, reason: "late but true" });
    expect(await get("vendors.get", "v-q5")).toMatchObject({ result: { version: "2", value: { status: "active" } } });
  });

  it("is decided once by two people at the same time", async () => {
    const held = await bad("v-q6");
    const [maria, admin] = [(await desk.server.person("maria")).client, desk.server.admin];
    const decided = await Promise.allSettled([
      maria.releaseQuarantined({ id: held.id, reason: "yes" }),
      admin.discardQuarantined({ id: held.id, reason: "no" }),
    ]);
    expect(decided.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  it("tells what a record lacks that cannot be brought in", async () => {
    const value = { vendorId: "", revision: 1, status: "active", iban: null };
    await sendEvent(vendorEvent(value));
    const { quarantined } = await desk.server.admin.listQuarantined({ source: "erp" });
    const id = quarantined[0]?.id ?? "qrn_00000000000000000000000000000000";
    await expect(desk.server.admin.releaseQuarantined({ id, reason: "r" })).rejects.toMatchObject({
      code: "invalid_input",
      place: "$.value",
    });
    await desk.server.admin.releaseQuarantined({ id, reason: "r", value: { ...value, vendorId: "v-q7" } });
    expect(await get("vendors.get", "v-q7")).toMatchObject({ status: "done" });
  });
});

describe("a source", () => {
  it("shows its state, counts and batches", async () => {
    const { sources } = await desk.server.admin.listSources();
    const erp = sources.find(({ name }) => name === "erp");
    expect(erp).toMatchObject({ type: "webhook", state: "pushed" });
    expect(erp?.records).toBeGreaterThan(5);
    expect(erp?.held).toBeGreaterThan(0);
    const detail = await desk.server.admin.readSource({ name: "erp" });
    expect(detail.current["vendor"]).toBeGreaterThan(5);
    expect(detail.batches.length).toBeGreaterThan(5);
    await expect(desk.server.admin.readSource({ name: "shop" })).rejects.toMatchObject({ code: "not_found" });
  });

  it("is listed page by page", async () => {
    const seen: unknown[] = [];
    let after: string | undefined = "";
    for (let page = 0; page < 50 && after !== undefined; page += 1) {
      // oxlint-disable-next-line no-await-in-loop -- page after page
      const answer = await clerk.proposeAction({ tool: "vendors.list", arguments: { after } });
      const result = answer.result as { records: { key: string }[]; next?: string };
      seen.push(...result.records.map(({ key }) => key));
      after = result.next;
    }
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toContain("v-1");
    expect(seen).not.toContain("v-q4");
  });
});

describe("ten thousand events", () => {
  it("are each committed once, though half are sent twice and the server is started again in the middle", async () => {
    const total = 10_000;
    const state = { next: 0, answered: 0, failed: 0 };
    let restart: Promise<void> | undefined;
    const send = async (index: number): Promise<void> => {
      const body = JSON.stringify({
        specversion: "1.0",
        id: `many-${index}`,
        source: "/many",
        type: "com.example.vendor.changed",
        data: vendor(`m-${index}`, 1),
      });
      const headers = { "content-type": "application/cloudevents+json", ...signed(body) };
      // A sender that hears no 202 sends again, as any webhook sender does.
      for (;;) {
        // oxlint-disable-next-line no-await-in-loop -- until it is taken
        const answer = await post("/events/erp", body, headers).catch(() => undefined);
        if (answer?.status === 202) break;
        state.failed += 1;
        // oxlint-disable-next-line no-await-in-loop
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      if (index % 2 === 0) await post("/events/erp", body, headers).catch(() => undefined);
    };
    const worker = async (): Promise<void> => {
      for (let index = state.next++; index < total; index = state.next++) {
        // oxlint-disable-next-line no-await-in-loop -- one after the other in each of many workers
        await send(index);
        state.answered += 1;
        if (state.answered === total / 2) restart = desk.server.restart();
      }
    };
    await Promise.all(Array.from({ length: 32 }, worker));
    await restart;
    const [row] = await desk.sql<{ count: number; distinct: number }>(
      `select count(*)::int as count, count(distinct key)::int as distinct from source_records
       where connector = 'erp' and key like 'm-%'`,
    );
    expect(row).toEqual({ count: total, distinct: total });
    clerk = desk.client((await desk.server.agent("clerk")).key);
    await eventually(async () => (await get("vendors.get", "m-9999")).status === "done");
  }, 600_000);
});
