/** Who may do what, by really calling; keys that are none; and two tenants on one server that know nothing of each other. */
import { readFileSync } from "node:fs";
import path from "node:path";

import { api, type Operation, operations } from "@airworthy/contract";
import { createClient, type Client } from "@airworthy/sdk";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { expectClearError, expectNothingLeaked, get, post, type Sent } from "../support/hostile.ts";
import { startTestServer, type TestServer } from "../support/server.ts";
import { shopFiles } from "../support/shop.ts";
import { startUpstream, type Upstream } from "../support/upstream.ts";

const people = `${shopFiles["people.yaml"]}
---
{ apiVersion: airworthy/v1, kind: Person, name: approver, roles: [approver] }
---
{ apiVersion: airworthy/v1, kind: Person, name: operator, roles: [operator] }
---
{ apiVersion: airworthy/v1, kind: Person, name: privacy, roles: [privacy] }
---
{ apiVersion: airworthy/v1, kind: Person, name: admin, roles: [admin] }
`;
const files: Readonly<Record<string, string>> = { ...shopFiles, "people.yaml": people };
const list = Object.entries(files).map(([file, text]) => ({ path: file, text }));
const nobodysId = "0".repeat(32);

let shop: Upstream;
let server: TestServer;
let adminKey: string;

beforeAll(async () => {
  shop = await startUpstream(({ method, path: at }) => {
    if (method === "POST") return { status: 201, body: { id: `done-${shop.received.length}` } };
    return { body: { id: at.split("/")[2] ?? "", status: "active" } };
  });
  server = await startTestServer({ files, env: { SHOP_URL: shop.url, SHOP_KEY: "shop-key-of-the-test" } });
  adminKey = readFileSync(path.join(server.dataDir, "admin.key"), "utf8").trim();
});
afterAll(async () => {
  await server.close();
  await shop.close();
});

const noSample = {
  schema: "airworthy.sample/1",
  records: 0,
  quarantined: { records: 0, faults: [] },
  fields: [],
};
const note = (text: string) => ({ tool: "shop.note", arguments: { text } });

describe("every operation for every role", () => {
  type Column = "public" | "agent" | "viewer" | "approver" | "operator" | "privacy" | "admin";
  const columns: readonly Column[] = ["public", "agent", "viewer", "approver", "operator", "privacy", "admin"];
  const keys = {} as Record<Column, string | undefined>;
  let inputs: Record<Operation, object>;

  beforeAll(async () => {
    keys.public = undefined;
    keys.agent = (await server.agent("clerk")).key;
    keys.viewer = (await server.person("vera")).key;
    for (const role of ["approver", "operator", "privacy", "admin"] as const)
      keys[role] = (await server.person(role)).key;
    const plan = await server.admin.planConfig({ files: list });
    inputs = {
      proposeAction: note("by role"),
      listActions: {},
      readAction: { id: `act_${nobodysId}` },
      explainAction: { id: `act_${nobodysId}` },
      resolveAction: { id: `act_${nobodysId}`, happened: true, reason: "r" },
      listApprovals: {},
      decideApproval: { id: `apr_${nobodysId}`, verdict: "approve", reason: "r" },
      planRecall: { selector: { from: "action", action: `act_${nobodysId}` } },
      startRecall: { plan: {} },
      listRecalls: {},
      readRecall: { id: `rcl_${nobodysId}` },
      listRecallItems: { id: `rcl_${nobodysId}` },
      resumeRecall: { id: `rcl_${nobodysId}`, reason: "r" },
      cancelRecall: { id: `rcl_${nobodysId}`, reason: "r" },
      listRecallTasks: {},
      resolveRecallTask: { id: `tsk_${nobodysId}`, outcome: "handled", reason: "r" },
      readRecallReceipt: { id: `rcl_${nobodysId}` },
      createStop: { scope: { kind: "agent", agent: "nobody" }, reason: "r" },
      listStops: {},
      liftStop: { id: `stp_${nobodysId}` },
      readEntity: { entity: "invoice:nobodys" },
      noteEntity: { entity: "invoice:nobodys", reason: "r" },
      listAgents: {},
      createKey: { for: { kind: "agent", name: "nobody" } },
      revokeKey: { id: `key_${nobodysId}` },
      planConfig: { files: list, replay: 0 },
      applyConfig: { files: list, base: plan.base, digest: plan.digest },
      listSources: {},
      readSource: { name: "nobody" },
      listQuarantined: {},
      readQuarantined: { id: `qrn_${nobodysId}` },
      releaseQuarantined: { id: `qrn_${nobodysId}`, reason: "r" },
      discardQuarantined: { id: `qrn_${nobodysId}`, reason: "r" },
      revealToken: { token: "tok_pii-name_00000000000000000000000000", reason: "r" },
      eraseTokens: { tokens: ["tok_pii-name_00000000000000000000000000"], reason: "r" },
      listReadiness: {},
      readContract: { name: "nobody" },
      setBaseline: { contract: "nobody", origin: "r", sample: noSample },
      decideFinding: { id: `fnd_${nobodysId}`, verdict: "close", reason: "r" },
      profileTool: { tool: "nobody", arguments: [{}] },
      profileSource: { source: "nobody" },
      verifyLedger: {},
      readHealth: {},
    };
  });

  const callAs = (operation: Operation, key: string | undefined): Promise<Sent> => {
    const { method, path: route } = api[operation];
    const input: Record<string, unknown> = { ...inputs[operation] };
    const url = `${server.url}${route.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(input[name]))}`;
    for (const [, name = ""] of route.matchAll(/\{(\w+)\}/g)) delete input[name];
    const headers: Record<string, string> = key === undefined ? {} : { authorization: `Bearer ${key}` };
    if (method === "POST") return post(url, JSON.stringify(input), headers);
    return method === "GET" ? get(url, headers) : remove(url, headers);
  };

  /** The committed matrix, cell by cell. */
  const matrix = readFileSync(new URL("../permissions.txt", import.meta.url), "utf8")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(/\s+/));

  it("is in the matrix", () => {
    expect(matrix.map(([operation]) => operation)).toEqual([...operations]);
  });

  it.each(
    matrix.map(([operation = "", ...cells]) => [operation as Operation, cells.slice(0, columns.length)] as const),
  )("is as the matrix says: %s", async (operation, cells) => {
    const really = [];
    for (const column of columns) {
      // oxlint-disable-next-line no-await-in-loop -- one role after the other
      const answer = await callAs(operation, keys[column]);
      expectNothingLeaked(answer.text);
      expect(answer.status, answer.text).toBeLessThan(500);
      const refused = answer.status === 401 || answer.status === 403;
      if (refused) expectClearError(answer, column === "public" ? "unauthenticated" : "forbidden");
      really.push(refused ? "." : "yes");
    }
    expect(really).toEqual(cells);
  });

  it("is open to whoever can read the data folder, but for proposing", async () => {
    for (const operation of operations) {
      // oxlint-disable-next-line no-await-in-loop
      const { status } = await callAs(operation, adminKey);
      expect([operation, status === 403]).toEqual([operation, operation === "proposeAction"]);
    }
  });
});

async function remove(url: string, headers: Record<string, string>): Promise<Sent> {
  const response = await fetch(url, { method: "DELETE", headers });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) as unknown };
}

describe("a key", () => {
  it("that is none is refused in one and the same way", async () => {
    const good = (await server.agent("clerk")).key;
    const revoked = await server.admin.createKey({ for: { kind: "agent", name: "clerk" } });
    await server.admin.revokeKey({ id: revoked.id });
    const expired = await server.admin.createKey({ for: { kind: "agent", name: "clerk" }, expiresInDays: 1 });
    await inDatabase(`update api_keys set expires_at = clock_timestamp() where id = '${expired.id}'`);
    const bad = [
      "",
      "Bearer",
      `Bearer ${good}x`,
      `Bearer ${good.slice(0, -1)}`,
      `Bearer ${good.toUpperCase()}`,
      `Bearer ${good.replace("awk_main_", "awk_other_")}`,
      `Bearer ${good.replace("awk_main_", "awk__")}`,
      `Bearer ${good.replace("awk_main_", "awk_main_main_")}`,
      `Bearer ${revoked.key}`,
      `Bearer ${expired.key}`,
      `Bearer ${adminKey}x`,
      `Bearer ${adminKey.slice(0, -1)}`,
      `Token ${good}`,
      `Basic ${Buffer.from(`:${good}`).toString("base64")}`,
      `Bearer ${"k".repeat(600)}`,
      "Bearer awk_main_'; drop table api_keys; --",
    ];
    const texts = new Set<string>();
    for (const authorization of bad) {
      // oxlint-disable-next-line no-await-in-loop -- one by one, so that a failure names its key
      const answer = await post(`${server.url}/v1/actions`, JSON.stringify(note("hostile")), { authorization });
      expect(answer.status, authorization).toBe(401);
      expectClearError(answer, "unauthenticated");
      texts.add(answer.text);
    }
    expect(texts.size).toBe(1);
    expect(JSON.stringify(shop.writes())).not.toContain("hostile");
  });

  it("of a person who left the configuration is worth nothing, and of an agent who left does nothing", async () => {
    const vera = await server.person("vera");
    const reader = await server.agent("reader");
    const without = (text: string, name: string) =>
      text
        .split("\n---\n")
        .filter((document) => !document.includes(`name: ${name}\n`))
        .join("\n---\n");
    await server.apply({
      ...files,
      "people.yaml": without(people, "vera"),
      "agents.yaml": without(files["agents.yaml"] ?? "", "reader"),
    });
    await expect(vera.client.listActions()).rejects.toMatchObject({ code: "unauthenticated" });
    const answer = await reader.client.proposeAction({ tool: "shop.get", arguments: { id: "a" } });
    expect(answer).toMatchObject({ status: "refused", decision: { reasons: [{ code: "unknown_agent" }] } });
    await server.apply(files);
    await expect(vera.client.listActions()).resolves.toBeDefined();
  });

  it("is stored as a hash, and listed without it", async () => {
    const { key } = await server.agent("clerk");
    const rows = await inDatabase("select api_keys::text as row from api_keys");
    expect(JSON.stringify(rows)).not.toContain(key.slice(-20));
    expect(JSON.stringify(await server.admin.listAgents())).not.toContain(key.slice(-20));
  });
});

async function inDatabase(statement: string): Promise<unknown[]> {
  const client = new pg.Client(server.connection);
  await client.connect();
  try {
    return (await client.query(statement)).rows as unknown[];
  } finally {
    await client.end();
  }
}

describe("two tenants", () => {
  let mine: Client;
  let theirs: Client;
  let theirAgent: Client;
  let theirKey: string;
  let theirPerson: Client;

  beforeAll(async () => {
    theirs = createClient({ baseUrl: server.url, key: adminKey, tenant: "other" });
    const plan = await theirs.planConfig({ files: list });
    await theirs.applyConfig({ files: list, base: plan.base, digest: plan.digest, tenant: "other" });
    theirKey = (await theirs.createKey({ for: { kind: "agent", name: "clerk" } })).key;
    theirAgent = createClient({ baseUrl: server.url, key: theirKey });
    const person = await theirs.createKey({ for: { kind: "person", name: "admin" } });
    theirPerson = createClient({ baseUrl: server.url, key: person.key });
    mine = (await server.agent("clerk")).client;
  });

  const refund = (invoice: string, amountMinor: number) => ({
    tool: "shop.refund",
    arguments: { account: "a1", invoice, amountMinor },
  });

  it("see nothing of each other's actions, approvals, stops and keys", async () => {
    const done = await mine.proposeAction(note("of main"));
    const waiting = await mine.proposeAction(refund("inv-main", 60_000));
    const stop = await server.admin.createStop({ scope: { kind: "tool", tool: "shop.blind" }, reason: "main's" });
    const { id: keyId } = await server.admin.createKey({ for: { kind: "agent", name: "clerk" } });
    const approval = waiting.approval;
    if (approval === undefined) throw new Error("it should wait");
    const none = { code: "not_found" };
    for (const someone of [theirs, theirPerson]) {
      await expect(someone.readAction({ id: done.id })).rejects.toMatchObject(none);
      await expect(someone.explainAction({ id: done.id })).rejects.toMatchObject(none);
      await expect(someone.resolveAction({ id: done.id, happened: true, reason: "r" })).rejects.toMatchObject(none);
      await expect(someone.decideApproval({ id: approval, verdict: "approve", reason: "r" })).rejects.toMatchObject(
        none,
      );
      await expect(someone.liftStop({ id: stop.id })).rejects.toMatchObject(none);
      await expect(someone.revokeKey({ id: keyId })).rejects.toMatchObject(none);
      expect((await someone.listApprovals()).approvals).toEqual([]);
      expect((await someone.listStops({ all: "true" })).stops).toEqual([]);
      expect(JSON.stringify(await someone.listAgents())).not.toContain(keyId);
      expect(JSON.stringify(await someone.listActions())).not.toContain(done.id);
    }
    await expect(theirAgent.readAction({ id: done.id })).rejects.toMatchObject(none);
    expect((await theirAgent.listActions()).actions).toEqual([]);
    expect((await server.admin.readAction({ id: waiting.id })).status).toBe("waiting");
    await server.admin.liftStop({ id: stop.id });
  });

  it("do not answer for each other's idempotency keys, entities, budgets, facts or stops", async () => {
    const keyed = { ...note("keyed"), idempotencyKey: "the same key" };
    const [one, other] = [await mine.proposeAction(keyed), await theirAgent.proposeAction(keyed)];
    expect([one.status, other.status]).toEqual(["done", "done"]);
    expect(one.id).not.toBe(other.id);

    await theirAgent.proposeAction({ tool: "shop.get", arguments: { id: "seen-by-other" } });
    const blind = await mine.proposeAction({
      ...refund("inv-facts", 10),
      arguments: { account: "seen-by-other", invoice: "inv-facts", amountMinor: 10 },
    });
    expect((await server.admin.readAction({ id: blind.id })).facts).toMatchObject([{ how: "lookup" }]);

    const stop = await theirs.createStop({ scope: { kind: "all" }, mode: "deny_all", reason: "theirs" });
    expect((await theirAgent.proposeAction(note("stopped"))).status).toBe("refused");
    expect((await mine.proposeAction(note("not stopped"))).status).toBe("done");
    await theirs.liftStop({ id: stop.id });
  });

  it("verify each its own ledger", async () => {
    const [own, other] = [await server.admin.verifyLedger(), await theirs.verifyLedger()];
    expect([own.ok, other.ok]).toEqual([true, true]);
    const rows = await inDatabase(
      "select tenant, count(*)::int as entries from ledger_entries group by tenant order by tenant",
    );
    expect(rows).toEqual([
      { tenant: "main", entries: own.entries },
      { tenant: "other", entries: other.entries },
    ]);
  });

  it("cannot be entered by a header: a key belongs to its tenant, and says so rather than act on another", async () => {
    const { key: own } = await server.person("admin");
    for (const [key, tenant] of [
      [own, "other"],
      [theirKey, "main"],
    ] as const) {
      const headers = { authorization: `Bearer ${key}`, "airworthy-tenant": tenant };
      expectClearError(await get(`${server.url}/v1/actions`, headers), "forbidden");
      expectClearError(await post(`${server.url}/v1/actions`, JSON.stringify(note("hostile")), headers), "forbidden");
    }
    const matching = { authorization: `Bearer ${own}`, "airworthy-tenant": "main" };
    expect((await get(`${server.url}/v1/actions`, matching)).status).toBe(200);
    expect(JSON.stringify(shop.writes())).not.toContain("hostile");
  });

  it.each(["../main", "MAIN", "main'--", "-", "a b", "a".repeat(41), "%6dain"])(
    "have names that are names: %s is refused",
    async (tenant) => {
      const headers = { authorization: `Bearer ${adminKey}`, "airworthy-tenant": tenant };
      expectClearError(await get(`${server.url}/v1/actions`, headers), "invalid_input");
    },
  );

  it("begin with their first configuration, not with somebody's question", async () => {
    const asked = createClient({ baseUrl: server.url, key: adminKey, tenant: "never-made" });
    const none = { code: "not_found" };
    await expect(asked.listAgents()).rejects.toMatchObject(none);
    await expect(asked.createStop({ scope: { kind: "all" }, reason: "r" })).rejects.toMatchObject(none);
    await expect(asked.liftStop({ id: `stp_${nobodysId}` })).rejects.toMatchObject(none);
    await expect(asked.revokeKey({ id: `key_${nobodysId}` })).rejects.toMatchObject(none);
    await expect(asked.createKey({ for: { kind: "agent", name: "clerk" } })).rejects.toMatchObject(none);
    expect(await inDatabase("select 1 from stops where tenant = 'never-made'")).toEqual([]);
    expect(await inDatabase("select 1 from ledger_entries where tenant = 'never-made'")).toEqual([]);
    expect(await inDatabase("select tenant from tenants order by tenant")).toEqual([
      { tenant: "main" },
      { tenant: "other" },
    ]);
  });

  it("do not take each other's plans", async () => {
    const plan = await server.admin.planConfig({ files: list, replay: 0 });
    const { base, digest, tenant } = plan;
    await expect(theirs.applyConfig({ files: list, base, digest, tenant })).rejects.toMatchObject({
      code: "conflict",
      place: "$.tenant",
    });
    await expect(theirs.applyConfig({ files: list, base, digest })).rejects.toMatchObject({ code: "conflict" });
  });
});
