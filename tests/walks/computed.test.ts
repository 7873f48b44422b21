/** Facts of each item, facts of facts, and values computed from them, through real doors and store: what policies then decide. */
import type { ActionAnswer, Json } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";

import { eventually, openDesk, type Desk } from "../support/desk.ts";

const files = {
  "people.yaml": `
apiVersion: airworthy/v1
kind: Person
name: maria
roles: [approver]
---
apiVersion: airworthy/v1
kind: Team
name: depot
members: [maria]
`,
  "agents.yaml": `
apiVersion: airworthy/v1
kind: Agent
name: packer
purpose: Packs orders
owner: maria
stage: production
level: senior
tools: [orders.get, orders.pack]
`,
  "orders.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: orders
type: http
baseUrl: \${SHOP_URL}
tools:
  - name: orders.get
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: GET, path: "/orders/{id}" }
    yields:
      - { fact: orders.order, key: $.id, value: $, type: json, authoritative: true }
  - name: orders.customer
    effect: read
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: GET, path: "/customers/{id}" }
    yields:
      - { fact: orders.customer.tier, key: $.id, value: $.tier, type: string, authoritative: true }
      - { fact: orders.customer.blocked, key: $.id, value: $.blocked, type: boolean, authoritative: true }
  - name: orders.stock
    effect: read
    input: { type: object, properties: { sku: { type: string } }, required: [sku] }
    request: { method: GET, path: "/stock/{sku}" }
    yields:
      - { fact: orders.stock, key: $.sku, value: $, type: json, authoritative: true }
  - name: orders.pack
    effect: write
    reversibility: reversible
    input:
      type: object
      properties: { id: { type: string }, skus: { type: array, items: { type: string } } }
      required: [id, skus]
    request: { method: POST, path: /packed, body: [id, skus] }
    idempotency: { header: Idempotency-Key, retention: 1h }
    entity: { type: order, id: $.id }
    rests_on:
      - fact: orders.order
        key: $.id
        maxAge: 30s
        lookup: { tool: orders.get, with: { id: $.id }, always: true }
      - fact: orders.customer.tier
        key: $facts['orders.order'].customer
        maxAge: 30s
        lookup: { tool: orders.customer, with: { id: "$facts['orders.order'].customer" } }
      - fact: orders.customer.blocked
        key: $facts['orders.order'].customer
        maxAge: 30s
        lookup: { tool: orders.customer, with: { id: "$facts['orders.order'].customer" } }
      - fact: orders.stock
        each: $.skus[*]
        key: "@"
        maxAge: 30s
        lookup: { tool: orders.stock, with: { sku: "@" } }
      - fact: orders.stock
        each: $facts['orders.order'].lines[*]
        key: "@.sku"
        maxAge: 30s
        lookup: { tool: orders.stock, with: { sku: "@.sku" } }
    computed:
      grams: { cel: "args.skus.map(s, facts['orders.stock'][s].grams).sum()", type: integer }
      allOrdered: { cel: "args.skus.all(s, facts['orders.order'].lines.exists(l, l.sku == s))", type: boolean }
      heavy: { cel: "computed.grams > 2000", type: boolean }
`,
  "rules.cedar": `
@id("may") permit (principal, action, resource);

@id("only-what-was-ordered")
@title("Only what was ordered is packed")
forbid (principal, action == Airworthy::Action::"orders.pack", resource)
unless { context.computed.allOrdered && !context.facts["orders.customer.blocked"] };

@id("heavy")
@title("Heavy parcels are looked at")
@approver("depot")
forbid (principal, action == Airworthy::Action::"orders.pack", resource)
when { context.computed.heavy && context.facts["orders.customer.tier"] != "gold" }
unless { context.env.approvals.contains("depot") };
`,
  "rules.test.yaml": `
- name: a light parcel
  tool: orders.pack
  computed: { grams: 10, allOrdered: true, heavy: false }
  facts: { orders.customer.tier: basic, orders.customer.blocked: false }
  expect: allow
`,
};

let desk: Desk;
let client: Client;
let answers: Record<string, Json>;
let serial = 0;

beforeAll(async () => {
  desk = await openDesk({ files });
  desk.interfere = ({ path, method }) => (method === "GET" ? { body: answers[path] ?? {} } : { body: { ok: true } });
  client = (await desk.server.agent("packer")).client;
});
beforeEach(() => {
  answers = {
    "/orders/o1": { id: "o1", customer: "c1", lines: [{ sku: "bolt" }, { sku: "anvil" }] },
    "/customers/c1": { id: "c1", tier: "basic", blocked: false },
    "/stock/bolt": { sku: "bolt", grams: 20 },
    "/stock/anvil": { sku: "anvil", grams: 9000 },
    "/stock/rope": { sku: "rope", grams: 500 },
  };
});
afterAll(() => desk.close());

const pack = (skus: Json): Promise<ActionAnswer> =>
  client.proposeAction({
    tool: "orders.pack",
    arguments: { id: "o1", skus },
    idempotencyKey: `k-${(serial += 1)}`,
  });
const codesOf = ({ decision }: ActionAnswer): (string | undefined)[] | undefined =>
  decision?.reasons.map((reason) => reason.policy?.id ?? reason.code);
const lookups = async (run: () => Promise<unknown>): Promise<string[]> => {
  const before = desk.shop.received.length;
  await run();
  return desk.shop.received.slice(before).flatMap(({ method, path }) => (method === "GET" ? [path] : []));
};

describe("a call", () => {
  it("is judged by what is computed from its arguments and the facts behind them", async () => {
    expect(await pack(["bolt"])).toMatchObject({ status: "done" });
    const other = await pack(["rope"]);
    expect([other.status, codesOf(other)]).toEqual(["refused", ["only-what-was-ordered"]]);
    const heavy = await pack(["bolt", "anvil"]);
    expect(heavy).toMatchObject({ status: "waiting", decision: { approvers: ["depot"] } });
    const { action } = await desk.server.admin.explainAction({ id: heavy.id });
    // What it was judged by is in the record, as the ledger tells it, and before whoever is asked.
    expect(action.computed).toEqual({ grams: 9020, allOrdered: true, heavy: true });
    // To the agent it tells nothing: it is made of facts that a policy may hide from it.
    expect(await client.readAction({ id: heavy.id })).not.toHaveProperty("computed");
    const { approvals } = await desk.server.admin.listApprovals({ status: "pending", limit: 500 });
    expect(approvals.find((one) => one.action === heavy.id)?.computed).toEqual(action.computed);
    expect(action.facts.map(({ fact, key }) => [fact, key])).toEqual([
      ["orders.order", "o1"],
      ["orders.customer.tier", "c1"],
      ["orders.customer.blocked", "c1"],
      ["orders.stock", "bolt"],
      ["orders.stock", "anvil"],
    ]);
  });

  it("asks each source once, whatever it brings and however often it is named", async () => {
    const paths = await lookups(() => pack(["bolt", "bolt"]));
    expect(paths.toSorted()).toEqual(["/customers/c1", "/orders/o1", "/stock/anvil", "/stock/bolt"]);
  });

  it("that waits is judged again with what holds when the yes comes", async () => {
    const heavy = await pack(["anvil"]);
    const maria = (await desk.server.person("maria")).client;
    const { approval } = heavy;
    if (approval === undefined) throw new Error("nobody was asked");
    answers["/customers/c1"] = { id: "c1", tier: "basic", blocked: true };
    await maria.decideApproval({ id: approval, verdict: "approve", reason: "it is what they ordered" });
    const settled = await eventually(async () => {
      const { status } = await desk.server.admin.readAction({ id: heavy.id });
      return status !== "waiting" && status !== "running" && status;
    });
    expect(settled).toBe("refused");
  });

  it.each([
    ["a fact's key is not there", () => ({ "/orders/o1": { id: "o1", lines: [] } }), ["bolt"], "missing_input"],
    ["the source of a fact says nothing", () => ({ "/customers/c1": {} }), ["bolt"], "fact_unavailable"],
    ["one item has no record", () => ({}), ["bolt", "unknown"], "fact_unavailable"],
    ["a value is of another type", () => ({ "/stock/bolt": { sku: "bolt" } }), ["bolt"], "computed_unavailable"],
    ["there are too many items", () => ({}), Array.from({ length: 65 }, (_, at) => `s${at}`), "missing_input"],
    [
      "a record is too long",
      () => ({ "/orders/o1": { id: "o1", customer: "c1", lines: [], note: "x".repeat(40_000) } }),
      ["bolt"],
      "fact_unavailable",
    ],
  ])("is refused when %s", async (_, change, skus, code) => {
    Object.assign(answers, change());
    const answer = await pack(skus);
    expect([answer.status, codesOf(answer)?.[0]]).toEqual(["refused", code]);
  });

  it("is not refused because a fact that is always looked up has changed since the agent read it", async () => {
    await client.proposeAction({ tool: "orders.get", arguments: { id: "o1" } });
    answers["/orders/o1"] = { id: "o1", customer: "c1", lines: [{ sku: "rope" }] };
    expect(await pack(["rope"])).toMatchObject({ status: "done" });
    expect(codesOf(await pack(["bolt"]))).toEqual(["only-what-was-ordered"]);
  });
});
