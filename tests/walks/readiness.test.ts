/** A watched source over real doors: quiet while its data stays what it was, found and refused on when it drifts, until people answer. */
import type { ReadinessFinding, WatchedSource } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createContractSampler } from "../../packages/server/src/controlplane/readiness/contract-sampler.ts";
import { keepSample } from "../../packages/server/src/controlplane/readiness/keep-sample.ts";
import { createRandomStream } from "../../packages/server/src/kernel/stats/random-stream.ts";
import { eventually } from "../support/desk.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

const files = {
  "people.yaml": `
apiVersion: airworthy/v1
kind: Person
name: olga
roles: [operator]
---
apiVersion: airworthy/v1
kind: Person
name: vera
roles: [viewer]
`,
  "agents.yaml": `
apiVersion: airworthy/v1
kind: Agent
name: clerk
purpose: Approves orders
owner: olga
stage: production
level: senior
tools: [orders.list, orders.approve]
`,
  "contract.yaml": `
apiVersion: airworthy/v1
kind: SourceContract
name: orders
version: 1
watch: { window: { records: 400 }, baseline: 800, alpha: 0.01 }
fields:
  - { name: id, type: text, nullable: false }
  - { name: amount, type: number, nullable: false, range: { min: 0 } }
  - { name: status, type: text, nullable: false }
  - { name: note, type: text, nullable: true }
`,
  "pushed.yaml": `
apiVersion: airworthy/v1
kind: SourceContract
name: pushed-orders
version: 1
watch: { window: { records: 200 }, baseline: 300 }
fields:
  - { name: id, type: text, nullable: false }
  - { name: amount, type: number, nullable: false, range: { min: 0 } }
  - { name: status, type: text, nullable: false }
  - { name: note, type: text, nullable: true }
---
apiVersion: airworthy/v1
kind: Connector
name: pushed
type: webhook
verify: { by: bearer, token: { env: PUSH_TOKEN } }
records:
  - { record: order, contract: pushed-orders, each: $.items, key: "@.id" }
tools:
  - name: pushed.get
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    find: { record: order, by: $.id }
`,
  "orders.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: orders
type: http
baseUrl: \${ORDERS_URL}
tools:
  - name: orders.list
    effect: read
    input: { type: object, properties: { page: { type: integer } }, required: [page] }
    request: { method: GET, path: /orders, query: [page] }
    contract: orders
    records: $.items[*]
  - name: orders.approve
    effect: write
    reversibility: reversible
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: PUT, path: "/orders/{id}/approval" }
    idempotency: { header: Idempotency-Key, retention: 1d }
    requires_ready: [orders]
`,
  "all.cedar": `@id("all")\npermit (principal, action, resource);`,
};

const pageSize = 100;
const pushToken = "a-token-of-the-test-that-is-long";
type Order = { readonly id: string; readonly amount: number | null; readonly status: string; readonly note: string };
const statuses = ["open", "open", "paid", "disputed"] as const;

/** The same page is the same page; `drifted` is what the system becomes one day. */
function makePage(page: number, drifted: boolean): Order[] {
  const random = createRandomStream(page);
  return Array.from({ length: pageSize }, (_, at) => {
    const amount = Math.round(Math.exp(3 + 2 * random()) * (drifted ? 150 : 100)) / 100;
    const status = statuses[Math.floor(random() * statuses.length)] ?? "open";
    const isBroken = random() < 0.02;
    return {
      id: `o-${page}-${at}`,
      amount: isBroken ? null : amount,
      status: drifted && random() < 0.1 ? "escalated" : status,
      note: "x".repeat(Math.floor(random() * 30)),
    };
  });
}

let upstream: Upstream;
let server: TestServer;
let clerk: Client;
let olga: Client;
let drifted = false;
let pages = 0;

beforeAll(async () => {
  upstream = await startUpstream(({ method, query }) =>
    method === "GET"
      ? { body: { items: makePage(Number(query["page"]), drifted) } }
      : { status: 200, body: { approved: true } },
  );
  server = await startTestServer({ files, env: { ORDERS_URL: upstream.url, PUSH_TOKEN: pushToken } });
  ({ client: clerk } = await server.agent("clerk"));
  ({ client: olga } = await server.person("olga"));
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});

async function readPages(count: number, by: Client = clerk): Promise<void> {
  for (let at = 0; at < count; at += 1) {
    pages += 1;
    // oxlint-disable-next-line no-await-in-loop -- as an agent reads
    const { status } = await by.proposeAction({ tool: "orders.list", arguments: { page: pages } });
    expect(status).toBe("done");
  }
}

async function watched(all?: "true", contract = "orders"): Promise<WatchedSource> {
  const { sources } = await olga.listReadiness({ contract, ...(all ? { all } : {}) });
  const [only] = sources;
  if (only === undefined) throw new Error("the source is not watched");
  return only;
}

const compared = ({ windows }: WatchedSource): number => windows.filter(({ state }) => state === "compared").length;
const when = (is: (source: WatchedSource) => boolean): Promise<WatchedSource> =>
  eventually(async () => {
    const source = await watched();
    return is(source) && source;
  });
let orders = 0;
const approve = () => {
  orders += 1;
  return clerk.proposeAction({ tool: "orders.approve", arguments: { id: `o-${orders}` } });
};
const found = ({ findings }: WatchedSource): [string | undefined, ReadinessFinding["kind"], string][] =>
  findings.map(({ finding: { field, kind, severity } }) => [field, kind, severity]);

describe("a watched source", { timeout: 120_000 }, () => {
  it("takes its baseline from the first records, once", async () => {
    await readPages(9);
    const { baseline, ready, looks, findings } = await when((source) => source.baseline !== undefined);
    expect(baseline).toMatchObject({ number: 1, by: "airworthy" });
    expect(baseline?.records).toBeGreaterThanOrEqual(800);
    expect(baseline?.quarantined).toBeGreaterThan(0);
    expect({ ready, looks, findings }).toEqual({ ready: true, looks: 0, findings: [] });
  });

  it("finds nothing while nothing changes, and counts a record that is read again once", async () => {
    await readPages(4);
    const { findings, windows } = await when((source) => compared(source) === 1);
    expect(findings).toEqual([]);
    const window = windows.find(({ state }) => state === "compared");
    expect(window).toMatchObject({ look: 1, severe: 0, notices: 0 });
    expect(window?.level).toBeCloseTo(0.005, 9);
    for (let at = 0; at < 6; at += 1) {
      // oxlint-disable-next-line no-await-in-loop -- the same page again and again
      await clerk.proposeAction({ tool: "orders.list", arguments: { page: 1 } });
    }
    expect((await approve()).status).toBe("done");
    const open = (await watched()).windows.find(({ state }) => state === "open");
    expect((open?.records ?? 0) + (open?.quarantined ?? 0)).toBeLessThanOrEqual(2 * pageSize);
  });

  it("finds the drift, says it in sentences with pictures, and refuses what asked for ready data", async () => {
    drifted = true;
    await readPages(5);
    const source = await when(({ ready }) => !ready);
    expect(found(source)).toEqual(
      expect.arrayContaining([
        ["amount", "drift", "severe"],
        ["status", "unseen", "severe"],
      ]),
    );
    const unseen = source.findings.find(({ finding }) => finding.kind === "unseen")?.finding;
    expect(unseen?.sentence).toContain('"escalated"');
    expect(unseen?.picture?.map(({ label }) => label)).toContain("escalated");
    expect(unseen?.evidence?.adjusted).toBeLessThanOrEqual(0.01 / 6);
    const writes = upstream.writes().length;
    const refused = await eventually(async () => {
      const answer = await approve();
      return answer.status === "refused" && answer;
    });
    const reasons = refused.decision?.reasons.filter(({ effect }) => effect === "deny") ?? [];
    expect(reasons.map(({ code }) => code)).toEqual(["source_not_ready"]);
    expect(reasons[0]?.detail).toContain("orders");
    expect(upstream.writes().length - writes).toBeLessThanOrEqual(1);
    // Reading goes on.
    await readPages(1);
  });

  it("is the same finding in the next window, and opens the gate when a person answers", async () => {
    const before = await watched();
    await readPages(5);
    const after = await when((source) => compared(source) > compared(before));
    const one = after.findings.find(({ finding }) => finding.kind === "unseen");
    expect(one?.windows).toBeGreaterThanOrEqual(2);
    expect(after.findings.filter(({ finding }) => finding.kind === "unseen")).toHaveLength(1);
    for (const { id, finding } of after.findings) {
      if (finding.severity !== "severe") continue;
      // oxlint-disable-next-line no-await-in-loop -- one answer after the other
      const answered = await olga.decideFinding({ id, verdict: "acknowledge", reason: "the new price list" });
      expect(answered).toMatchObject({ id, state: "acknowledged", decidedBy: "olga", reason: "the new price list" });
    }
    expect((await watched()).ready).toBe(true);
    await eventually(async () => (await approve()).status === "done");
    await expect(
      olga.decideFinding({ id: one?.id ?? "fnd_", verdict: "acknowledge", reason: "again" }),
    ).rejects.toMatchObject({ code: "conflict" });
  });

  it("begins anew with a baseline that a person sets", async () => {
    const contract = await olga.readContract({ name: "orders" });
    const sampler = createContractSampler(contract, 1);
    for (const order of Array.from({ length: 12 }, (_, at) => makePage(5_000 + at, true)).flat()) {
      if (order.amount === null) sampler.quarantine([{ field: "amount", expected: "a value" }]);
      else sampler.accept({ columns: Object.keys(order), cells: Object.values(order) }, false);
    }
    const sample = keepSample(sampler.sample());
    const set = await olga.setBaseline({ contract: "orders", origin: "new-prices.csv", sample });
    expect(set).toMatchObject({ number: 2, origin: "new-prices.csv", by: "olga" });
    const { looks, findings } = await watched();
    expect({ looks, findings }).toEqual({ looks: 0, findings: [] });
    expect((await watched("true")).findings.every(({ state }) => state === "closed")).toBe(true);
    await readPages(5);
    const after = await when((source) => source.looks === 1 && compared(source) > 0 && source.windows[0] !== undefined);
    expect(after.findings).toEqual([]);
    expect(after.ready).toBe(true);
  });

  it("has all of it in the ledger, without a value of anybody's records", async () => {
    const { ok, faults } = await olga.verifyLedger({});
    expect({ ok, faults }).toEqual({ ok: true, faults: [] });
  });

  it("is filled by every node, and loses nothing that was sampled when one closes", async () => {
    const other = await server.another();
    const { key } = await server.agent("clerk");
    const before = await watched();
    const open = (source: WatchedSource): number => {
      const window = source.windows.find(({ state }) => state === "open");
      return (window?.records ?? 0) + (window?.quarantined ?? 0);
    };
    const had = open(before);
    await readPages(1, other.client(key));
    await other.close();
    const after = await when((source) => open(source) !== had || compared(source) > compared(before));
    expect(open(after) - had === pageSize || compared(after) > compared(before)).toBe(true);
  });

  it("is for those who may", async () => {
    const { client: vera } = await server.person("vera");
    expect((await vera.listReadiness({})).sources.map(({ contract }) => contract)).toEqual(["orders", "pushed-orders"]);
    const [any] = (await watched("true")).findings;
    const decide = vera.decideFinding({ id: any?.id ?? "fnd_", verdict: "close", reason: "r" });
    await expect(decide).rejects.toMatchObject({ code: "forbidden" });
    await expect(clerk.listReadiness({})).rejects.toMatchObject({ code: "forbidden" });
    await expect(vera.profileTool({ tool: "orders.list", arguments: [{ page: 1 }] })).rejects.toMatchObject({
      code: "forbidden",
    });
  });
});

async function push(page: number, isDrifted = false): Promise<Record<string, unknown>> {
  const response = await fetch(`${server.url}/events/pushed`, {
    method: "POST",
    body: JSON.stringify({ items: makePage(page, isDrifted) }),
    headers: {
      authorization: `Bearer ${pushToken}`,
      "content-type": "application/json",
      "ce-specversion": "1.0",
      "ce-id": `page-${page}`,
      "ce-source": "/orders",
      "ce-type": "orders",
    },
  });
  expect(response.status).toBe(202);
  return (await response.json()) as Record<string, unknown>;
}

describe("a source that brings records in", { timeout: 120_000 }, () => {
  const whenPushed = (is: (source: WatchedSource) => boolean): Promise<WatchedSource> =>
    eventually(async () => {
      const source = await watched(undefined, "pushed-orders");
      return is(source) && source;
    });

  it("is watched as it brings, what comes twice counted once", async () => {
    for (let page = 20_001; page <= 20_004; page += 1) {
      // oxlint-disable-next-line no-await-in-loop -- one event after the other
      expect(await push(page)).toMatchObject({ state: "taken" });
      // oxlint-disable-next-line no-await-in-loop -- as a sender that is not sure
      expect(await push(page)).toMatchObject({ state: "duplicate" });
    }
    const { baseline } = await whenPushed((source) => source.baseline !== undefined);
    expect(baseline?.records).toBeLessThanOrEqual(400);
    for (let page = 20_005; page <= 20_007; page += 1) {
      // oxlint-disable-next-line no-await-in-loop -- as above
      await push(page, true);
    }
    const { findings } = await whenPushed(({ ready }) => !ready);
    expect(findings.every(({ contract }) => contract === "pushed-orders")).toBe(true);
  });

  it("is described from what it has brought in", async () => {
    const { profile, contract } = await olga.profileSource({ source: "pushed", learn: {} });
    expect(profile.records).toBeGreaterThan(600);
    expect(profile.fields.find(({ name }) => name === "amount")?.missing).toBe(0);
    expect(contract).toMatchObject({ name: "pushed", version: 1 });
    await expect(olga.profileSource({ source: "pushed", record: "nothing" })).rejects.toMatchObject({
      code: "invalid_input",
      place: "$.record",
    });
    await expect(olga.profileSource({ source: "orders" })).rejects.toMatchObject({ code: "not_found" });
  });
});

describe("a profile of a live tool", { timeout: 60_000 }, () => {
  it("describes what it answers, broken records too, and learns a contract", async () => {
    const { profile, contract, failed } = await olga.profileTool({
      tool: "orders.list",
      arguments: [{ page: 9_001 }, { page: 9_002 }, { page: 9_003 }],
      learn: { name: "orders-live" },
    });
    expect(profile).toMatchObject({ file: "orders.list", records: 300, unreadable: 0 });
    expect(profile.fields.find(({ name }) => name === "amount")?.missing).toBeGreaterThan(0);
    expect(contract).toMatchObject({ name: "orders-live", version: 1 });
    expect(contract?.text).toContain("kind: SourceContract");
    expect(failed).toEqual([]);
  });

  it("never writes, takes only what fits, and says which calls failed", async () => {
    const writes = upstream.writes().length;
    await expect(olga.profileTool({ tool: "orders.approve", arguments: [{ id: "o-1" }] })).rejects.toMatchObject({
      code: "invalid_input",
      place: "$.tool",
    });
    await expect(olga.profileTool({ tool: "orders.list", arguments: [{}] })).rejects.toMatchObject({
      code: "invalid_input",
      place: "$.arguments.0",
    });
    expect(upstream.writes().length).toBe(writes);
    const answer = upstream.answer;
    upstream.answer = (request) =>
      request.query["page"] === "2" ? { status: 404, body: { error: "no such page" } } : answer(request);
    const calls = [{ page: 1 }, { page: 2 }];
    const { failed, profile } = await olga.profileTool({ tool: "orders.list", arguments: calls });
    upstream.answer = answer;
    expect(failed).toMatchObject([{ call: 2 }]);
    expect(profile.records).toBe(pageSize);
  });
});
