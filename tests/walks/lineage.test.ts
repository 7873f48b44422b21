/** Lineage through real doors: sources that contradict themselves, effects that others see, and what a recall would find. */
import type { RecallPlan, RecallSelector } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startTestServer, type TestServer } from "../support/server.ts";
import { startUpstream, type Received, type Reply, type Upstream } from "../support/upstream.ts";

/** Accounts with a status, a note and a version, read one by one, by list, and from a replica that says how old it is. */
type Account = { status: string; note: string; version: number };
const accounts: Record<string, Account> = {};
/** What the replica answers in place of the truth. */
let replica: (id: string) => unknown = () => ({});

const agent = (name: string, tools: string, more = "") => `
apiVersion: airworthy/v1
kind: Agent
name: ${name}
purpose: Tests
owner: maria
stage: production
level: senior
model: { provider: openai, name: gpt-4o-2024-08-06 }
${more}tools: [${tools}]
`;
const promptDigest = "a".repeat(64);

const files = {
  "people.yaml": `
apiVersion: airworthy/v1
kind: Person
name: maria
roles: [approver, operator]
---
apiVersion: airworthy/v1
kind: Team
name: finance
members: [maria]
`,
  "setter.yaml": agent("setter", "desk.set, desk.mark", `prompt: { digest: ${promptDigest} }\n`),
  "payer.yaml": agent("payer", "desk.get, desk.list, desk.old, desk.pay, desk.payold, desk.tell"),
  "other.yaml": agent("other", "desk.get, desk.pay"),
  "desk.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: desk
type: http
baseUrl: \${DESK_URL}
tools:
  - name: desk.get
    effect: read
    timeout: 2s
    trust: trusted
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: GET, path: "/accounts/{id}" }
    yields:
      - { fact: desk.status, key: $.id, value: $.status, version: $.version, batch: $.batch, type: string, authoritative: true }
      - { fact: desk.note, key: $.id, value: $.note, type: string, authoritative: true }
  - name: desk.list
    effect: read
    timeout: 2s
    trust: trusted
    input: { type: object, properties: {} }
    request: { method: GET, path: /accounts }
    yields:
      - { fact: desk.status, each: $.accounts, key: "@.id", value: "@.status", version: "@.version", type: string, authoritative: true }
      - { fact: desk.note, each: $.accounts, key: "@.id", value: "@.note", type: string, authoritative: true }
  - name: desk.old
    effect: read
    timeout: 2s
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: GET, path: "/replica/{id}" }
    yields:
      - { fact: desk.limit, key: $.id, value: $.limit, asOf: $.asOf, version: $.version, type: integer }
  - name: desk.set
    effect: write
    reversibility: reversible
    timeout: 2s
    input: { type: object, properties: { id: { type: string }, status: { type: string } }, required: [id, status] }
    request: { method: POST, path: /set, body: [id, status] }
    entity: { type: account, id: $.id }
    idempotency: { header: Idempotency-Key, retention: 1h }
    writes:
      - { fact: desk.status, key: $.id, value: $.status, version: $result.version }
  - name: desk.mark
    effect: write
    reversibility: externally_reversible
    timeout: 2s
    input: { type: object, properties: { id: { type: string }, note: { type: string } }, required: [id, note] }
    request: { method: POST, path: /mark, body: [id, note] }
    entity: { type: account, id: $.id }
    idempotency: { header: Idempotency-Key, retention: 1h }
    writes:
      - { fact: desk.note, key: $.id, value: $.note }
  - name: desk.pay
    effect: write
    reversibility: reversible
    timeout: 2s
    input: { type: object, properties: { id: { type: string }, amountMinor: { type: integer } }, required: [id, amountMinor] }
    request: { method: POST, path: /pay, body: [id, amountMinor] }
    entity: { type: account, id: $.id }
    amount: { minor: $.amountMinor, currency: EUR }
    rests_on:
      - { fact: desk.status, key: $.id, maxAge: 1m, lookup: { tool: desk.get, with: { id: $.id } } }
    idempotency: { header: Idempotency-Key, retention: 1h }
    compensate: { tool: desk.unpay, with: { payment: $result.id } }
  - name: desk.unpay
    effect: write
    reversibility: irreversible
    timeout: 2s
    input: { type: object, properties: { payment: { type: string } }, required: [payment] }
    request: { method: POST, path: /unpay, body: [payment] }
    idempotency: { header: Idempotency-Key, retention: 1h }
  - name: desk.payold
    effect: write
    reversibility: reversible
    timeout: 2s
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: POST, path: /pay, body: [id] }
    rests_on:
      - { fact: desk.limit, key: $.id, maxAge: 1h, lookup: { tool: desk.old, with: { id: $.id } } }
    idempotency: { header: Idempotency-Key, retention: 1h }
  - name: desk.tell
    effect: write
    reversibility: irreversible
    timeout: 2s
    input: { type: object, properties: { to: { type: string }, text: { type: string } }, required: [to, text] }
    request: { method: POST, path: /tell, body: [to, text] }
    sensitive: { recipient: $.to }
    idempotency: { header: Idempotency-Key, retention: 1h }
`,
  "rules.cedar": `
@id("all-may") permit (principal, action, resource);
@id("pay-active")
forbid (principal, action == Airworthy::Action::"desk.pay", resource)
when { context.facts["desk.status"] == "closed" };
@id("pay-much")
@approver("finance")
forbid (principal, action == Airworthy::Action::"desk.pay", resource)
when { context.env.amountMinor > 50000 }
unless { context.env.approvals.contains("finance") };
`,
};

let upstream: Upstream;
let server: TestServer;
let setter: Client;
let payer: Client;
let other: Client;

beforeAll(async () => {
  upstream = await startUpstream(answer);
  server = await startTestServer({ files, env: { DESK_URL: upstream.url } });
  [setter, payer, other] = (await Promise.all(["setter", "payer", "other"].map((name) => server.agent(name)))).map(
    ({ client }) => client,
  ) as [Client, Client, Client];
});
afterAll(async () => {
  await server.close();
  await upstream.close();
});

function answer({ method, path, body }: Received): Reply {
  const at = (id: string): Account => (accounts[id] ??= { status: "active", note: `note of ${id}`, version: 1 });
  if (method === "POST") {
    const { id = "", status, note } = body as { id?: string; status?: string; note?: string };
    if (path === "/set" && status !== undefined) Object.assign(at(id), { status, version: at(id).version + 1 });
    if (path === "/mark" && note !== undefined) at(id).note = note;
    return { status: 201, body: { id: `made-${upstream.received.length}`, version: at(id).version } };
  }
  if (path === "/accounts") {
    return { body: { accounts: Object.entries(accounts).map(([id, one]) => ({ id, ...one })) } };
  }
  const id = decodeURIComponent(path.split("/")[2] ?? "");
  return { body: path.startsWith("/replica/") ? replica(id) : { id, ...at(id), batch: `load-${id}` } };
}

const set = (id: string, status: string) => setter.proposeAction({ tool: "desk.set", arguments: { id, status } });
const mark = (id: string, note: string) => setter.proposeAction({ tool: "desk.mark", arguments: { id, note } });
const get = (client: Client, id: string) => client.proposeAction({ tool: "desk.get", arguments: { id } });
const pay = (client: Client, id: string, amountMinor = 100) =>
  client.proposeAction({ tool: "desk.pay", arguments: { id, amountMinor } });
const plan = (selector: RecallSelector, more = {}): Promise<RecallPlan> =>
  server.admin.planRecall({ selector, ...more });
const itemsOf = async (selector: RecallSelector): Promise<string[]> =>
  (await plan(selector)).items.map(({ action }) => action).toSorted();
const ids = (...actions: { id: string }[]): string[] => actions.map(({ id }) => id).toSorted();

describe("a source that contradicts itself", () => {
  const ago = (ms: number): string => new Date(Date.now() - ms).toISOString();
  const payOld = (id: string) => payer.proposeAction({ tool: "desk.payold", arguments: { id } });

  it("by an as-of before the one it had given is not believed; both are named, and it is recorded", async () => {
    const [early, late] = [ago(600_000), ago(300_000)];
    replica = (id) => ({ id, limit: 5, asOf: late });
    await payer.proposeAction({ tool: "desk.old", arguments: { id: "back" } });
    replica = (id) => ({ id, limit: 5, asOf: early });
    await payer.proposeAction({ tool: "desk.old", arguments: { id: "back" } });
    const refused = await payOld("back");
    expect(refused.status).toBe("refused");
    const [reason] = refused.decision?.reasons ?? [];
    expect(reason).toMatchObject({
      code: "fact_contradicted",
      effect: "deny",
      fact: { name: "desk.limit", key: "back" },
    });
    expect(reason?.detail).toContain(early);
    expect(reason?.detail).toContain(late);
    expect((await server.admin.explainAction({ id: refused.id })).action.decision?.reasons).toEqual(
      refused.decision?.reasons,
    );
  });

  it("whoever heard the other answer, and in a look-up of ours as well", async () => {
    replica = (id) => ({ id, limit: 5, asOf: ago(100_000) });
    expect((await payOld("looked")).status).toBe("done");
    replica = (id) => ({ id, limit: 5, asOf: ago(200_000) });
    const twin = await server.agent("payer");
    const refused = await twin.client.proposeAction({ tool: "desk.payold", arguments: { id: "looked" } });
    expect(refused.decision?.reasons[0]?.code).toBe("fact_contradicted");
  });

  it("by another value of the same moment", async () => {
    const moment = ago(60_000);
    replica = (id) => ({ id, limit: 5, asOf: moment });
    expect((await payOld("same")).status).toBe("done");
    expect((await payOld("same")).status).toBe("done");
    replica = (id) => ({ id, limit: 6, asOf: moment });
    expect((await payOld("same")).decision?.reasons[0]?.detail).toContain("another value");
  });

  it("by a lower version at a later moment", async () => {
    replica = (id) => ({ id, limit: 5, asOf: ago(60_000), version: 12 });
    expect((await payOld("version")).status).toBe("done");
    replica = (id) => ({ id, limit: 5, asOf: ago(30_000), version: 9 });
    expect((await payOld("version")).decision?.reasons[0]?.detail).toContain("version 12");
  });

  it("but not by being a moment behind, as answers overtake each other, nor by going on", async () => {
    replica = (id) => ({ id, limit: 5, asOf: ago(60_000), version: 1 });
    expect((await payOld("near")).status).toBe("done");
    replica = (id) => ({ id, limit: 5, asOf: ago(61_000), version: 1 });
    expect((await payOld("near")).status).toBe("done");
    replica = (id) => ({ id, limit: 6, asOf: ago(1000), version: 2 });
    expect((await payOld("near")).status).toBe("done");
  });
});

describe("an approval", () => {
  it("releases an action onto what its source says by then, however young the agent's read still is", async () => {
    accounts["slow"] = { status: "active", note: "n", version: 1 };
    await get(payer, "slow");
    const waiting = await pay(payer, "slow", 60_000);
    expect(waiting.status).toBe("waiting");
    accounts["slow"] = { status: "vip", note: "n", version: 2 };
    await server.admin.decideApproval({ id: waiting.approval ?? "apr_", verdict: "approve", reason: "r" } as never);
    const ended = await (async () => {
      for (;;) {
        const now = await payer.readAction({ id: waiting.id });
        if (now.status !== "waiting" && now.status !== "running") return now;
      }
    })();
    expect(ended.status).toBe("refused");
    expect(ended.decision?.reasons.map(({ code }) => code)).toContain("fact_changed");
  });
});

describe("lineage across agents", () => {
  it("by version: who saw what an effect left relies on it, and says so", async () => {
    const written = await set("v1", "vip");
    const read = await get(payer, "v1");
    const paid = await pay(payer, "v1");
    const lookedUp = await pay(other, "v1");
    const found = await plan({ from: "action", action: written.id });
    expect(found.items.map(({ action }) => action).toSorted()).toEqual(ids(written, paid, lookedUp));
    expect(found.items.find(({ action }) => action === paid.id)).toMatchObject({
      depth: 1,
      group: "reversible",
      because: [{ from: written.id, match: "version", fact: "desk.status", key: "v1" }],
      choice: "compensate",
      compensation: { tool: "desk.unpay", arguments: { payment: expect.stringMatching(/^made-/) as string } },
    });
    // A read is how it came, and relies on nothing itself.
    expect(found.items.some(({ action }) => action === read.id)).toBe(false);
    expect((await server.admin.explainAction({ id: paid.id })).origins).toMatchObject([
      {
        fact: "desk.status",
        key: "v1",
        match: "version",
        by: { action: written.id, agent: "setter", tool: "desk.set" },
      },
    ]);
    expect((await server.admin.explainAction({ id: lookedUp.id })).origins).toHaveLength(1);
  });

  it("not by another version, nor by what was seen before it was written", async () => {
    await get(payer, "v2");
    const before = await pay(payer, "v2");
    const first = await set("v2", "vip");
    const second = await set("v2", "active");
    await get(payer, "v2");
    const after = await pay(payer, "v2", 200);
    expect(await itemsOf({ from: "action", action: first.id })).toEqual(ids(first));
    expect(await itemsOf({ from: "action", action: second.id })).toEqual(ids(second, after));
    expect(await itemsOf({ from: "fact", fact: "desk.status", key: "v2" })).toEqual(ids(before, after));
    expect(await itemsOf({ from: "fact", fact: "desk.status", key: "v2", version: "1" })).toEqual(ids(before));
  });

  it("by value, until it is overwritten, in an argument too and however it is written there", async () => {
    const note = "DE89 3704 0044 0532 0130 00";
    const written = await mark("w1", note);
    await payer.proposeAction({ tool: "desk.list", arguments: {} });
    const told = await payer.proposeAction({ tool: "desk.tell", arguments: { to: note, text: "hello there" } });
    const compact = note.replaceAll(" ", "");
    const toldToo = await payer.proposeAction({ tool: "desk.tell", arguments: { to: compact, text: "hello again" } });
    const overwritten = await mark("w1", "another note altogether");
    await payer.proposeAction({ tool: "desk.list", arguments: {} });
    const later = await payer.proposeAction({
      tool: "desk.tell",
      arguments: { to: "another note altogether", text: "and again" },
    });
    const found = await plan({ from: "action", action: written.id });
    expect(found.items.map(({ action }) => action).toSorted()).toEqual(ids(written, told, toldToo));
    const others = found.items.filter(({ action }) => action !== written.id);
    for (const { because } of others) {
      expect(because).toContainEqual(expect.objectContaining({ from: written.id, match: "value" }));
    }
    expect(found.people.recipients.map(({ name }) => name).toSorted()).toEqual([compact, note].toSorted());
    expect(await itemsOf({ from: "action", action: overwritten.id })).toEqual(ids(overwritten, later));
  });

  it("not by the same object alone: that is only touched as well", async () => {
    const written = await mark("e1", "a note for e1");
    const paid = await pay(other, "e1");
    const found = await plan({ from: "action", action: written.id });
    expect(found.items.map(({ action }) => action)).toEqual([written.id]);
    expect(found.alsoTouched.map(({ action }) => action)).toEqual([paid.id]);
    expect(found.alsoTouchedCount).toBe(1);
  });

  it("of one record of a list, and not of the others", async () => {
    accounts["l1"] = { status: "active", note: "note l1", version: 1 };
    accounts["l2"] = { status: "active", note: "note l2", version: 1 };
    const list = await payer.proposeAction({ tool: "desk.list", arguments: {} });
    const [one, two] = [await pay(payer, "l1"), await pay(payer, "l2")];
    expect(await itemsOf({ from: "fact", fact: "desk.status", key: "l1" })).toEqual(ids(one));
    expect(await itemsOf({ from: "action", action: list.id })).toEqual(expect.arrayContaining(ids(one, two, list)));
  });
});

describe("a recall starts from", () => {
  it("an agent, its prompt, its model, a policy, a tool, a run, a batch, an approver and a time", async () => {
    const since = new Date(Date.now()).toISOString();
    const written = await setter.proposeAction({
      tool: "desk.set",
      arguments: { id: "s1", status: "vip" },
      run: "run-s",
    });
    await get(payer, "s1");
    const paid = await pay(payer, "s1");
    const window = { since };
    const chain = ids(written, paid);
    expect(await itemsOf({ from: "agent", agent: "setter", window })).toEqual(chain);
    expect(await itemsOf({ from: "prompt", digest: promptDigest, window })).toEqual(chain);
    expect(await itemsOf({ from: "tool", tool: "desk.set", window })).toEqual(chain);
    expect(await itemsOf({ from: "run", run: "run-s" })).toEqual(chain);
    expect(await itemsOf({ from: "run", run: "run-s", agent: "payer" })).toEqual([]);
    expect(await itemsOf({ from: "batch", batch: "load-s1" })).toEqual(ids(paid));
    const all = await itemsOf({ from: "time", since, until: new Date(Date.now() + 60_000).toISOString() });
    expect(all).toEqual(expect.arrayContaining(chain));
    expect(await itemsOf({ from: "model", model: "openai/gpt-4o-2024-08-06", window })).toEqual(all);
    expect(await itemsOf({ from: "policy", policy: "all-may", window })).toEqual(all);
    expect(await itemsOf({ from: "model", model: "openai/gpt-4o", window })).toEqual([]);
  });

  it("what is not there: nothing, or a plain word", async () => {
    expect((await plan({ from: "fact", fact: "desk.status", key: "nobody" })).items).toEqual([]);
    await expect(plan({ from: "action", action: `act_${"0".repeat(32)}` })).rejects.toMatchObject({
      code: "not_found",
    });
  });
});

describe("a plan", () => {
  it("says what becomes of each, in an order that undoes the last first, and holds itself to it", async () => {
    const written = await set("p1", "vip");
    await get(payer, "p1");
    const [one, two] = [await pay(payer, "p1", 300), await pay(payer, "p1", 400)];
    const found = await plan({ from: "action", action: written.id }, { choices: { reversible: "manual" } });
    expect(found.items.map(({ action, choice }) => [action, choice])).toEqual([
      [two.id, "manual"],
      [one.id, "manual"],
      [written.id, "manual"],
    ]);
    expect(found.groups.reversible).toEqual({
      count: 3,
      amounts: [{ currency: "EUR", minor: 700, count: 2 }],
      choice: "manual",
    });
    expect(found.people.owners).toEqual([{ name: "maria", actions: 3 }]);
    expect(found.entities).toEqual([{ entity: "account:p1", actions: 3 }]);
    const again = await plan({ from: "action", action: written.id });
    expect(again.picture).toBe(found.picture);
    expect(again.digest).not.toBe(found.digest);
    await pay(payer, "p1", 500);
    expect((await plan({ from: "action", action: written.id })).picture).not.toBe(found.picture);
  });
});
