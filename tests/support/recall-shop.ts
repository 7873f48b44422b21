/** A shop whose effects can be taken back, corrected, or neither; a system of record that remembers, and people who approve. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

import type { RecallChoices, RecallPlan, RecallSelector } from "@airworthy/contract";
import { createClient, type Client } from "@airworthy/sdk";

import pg from "pg";

import { eventually } from "./desk.ts";
import { startTestServer, type TestServer } from "./server.ts";
import { type Received, type Reply, startUpstream, type Upstream } from "./upstream.ts";

const person = (name: string, roles: string): string => `
apiVersion: airworthy/v1
kind: Person
name: ${name}
roles: [${roles}]`;
const team = (name: string, members: string): string => `
apiVersion: airworthy/v1
kind: Team
name: ${name}
members: [${members}]`;

const orderInput = `{ type: object, properties: { order: { type: string } }, required: [order], additionalProperties: false }`;
const payTool = (name: string, more: string): string => `
  - name: ${name}
    effect: write
    reversibility: reversible
    timeout: 2s
    input:
      type: object
      properties: { order: { type: string }, amountMinor: { type: integer, minimum: 1 } }
      required: [order, amountMinor]
      additionalProperties: false
    request: { method: POST, path: /payments, body: [order, amountMinor] }
    entity: { type: order, id: $.order }
    amount: { minor: $.amountMinor, currency: EUR }
    idempotency: { header: Idempotency-Key, retention: 1h }
    compensate: { tool: shop.cancel, with: { payment: $result.id } ${more} }`;

/** What must be looked up before it is taken back: a place where it can be held. */
const restsOn = `
    rests_on:
      - { fact: shop.order, key: $.payment, maxAge: 1m, lookup: { tool: shop.look, with: { order: $.payment } } }`;

/** `SHOP_URL` must be in the server's environment. */
export const recallFiles: Readonly<Record<string, string>> = {
  "people.yaml": [
    person("maria", "approver, operator"),
    person("jonas", "approver"),
    person("otto", "operator"),
    person("vera", "viewer"),
    team("finance", "maria, jonas"),
    team("risk", "jonas, maria"),
    team("board", "jonas"),
  ].join("\n---"),
  "recall.yaml": `
apiVersion: airworthy/v1
kind: RecallPolicy
name: recalls
approvers: [finance]
fourEyes: { above: [{ minor: 100000, currency: EUR }], approvers: [finance, risk] }
perSecond: 1000
`,
  "agents.yaml": `
apiVersion: airworthy/v1
kind: Agent
name: clerk
purpose: Pays and tells
owner: maria
stage: production
level: senior
tools: [shop.pay, shop.pay_guarded, shop.pay_masked, shop.pay_board, shop.pay_checked, shop.tell, shop.shout, shop.ship, shop.look, shop.cancel]
`,
  "shop.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: shop
type: http
baseUrl: \${SHOP_URL}
tools:
  - name: shop.look
    effect: read
    timeout: 2s
    input: ${orderInput}
    request: { method: GET, path: "/orders/{order}" }
    yields:
      - { fact: shop.order, key: $.order, value: $.status, type: string, authoritative: true }
${payTool("shop.pay", ", restoresBudget: true")}
${payTool("shop.pay_masked", "")}
${payTool("shop.pay_guarded", "").replace("shop.cancel", "shop.cancel_guarded")}
${payTool("shop.pay_board", "").replace("shop.cancel", "shop.cancel_board")}
${payTool("shop.pay_checked", "").replace("shop.cancel", "shop.cancel_checked")}
${["cancel", "cancel_guarded", "cancel_board", "cancel_checked"]
  .map(
    (name) => `
  - name: shop.${name}
    effect: write
    reversibility: irreversible
    timeout: 2s
    input: { type: object, properties: { payment: { type: string } }, required: [payment], additionalProperties: false }
    request: { method: POST, path: "/payments/{payment}/cancellation" }
    entity: { type: payment, id: $.payment }
    idempotency: { header: Idempotency-Key, retention: 1h }${name === "cancel_checked" ? restsOn : ""}`,
  )
  .join("")}
  - name: shop.tell
    effect: write
    reversibility: irreversible
    timeout: 2s
    input:
      type: object
      properties: { to: { type: string }, text: { type: string } }
      required: [to, text]
      additionalProperties: false
    request: { method: POST, path: /letters, body: [to, text] }
    entity: { type: person, id: $.to }
    idempotency: { header: Idempotency-Key, retention: 1h }
    notice: { to: $.to, correct: { tool: shop.tell, with: { to: $.to, text: "What we wrote before is void." } } }
  - name: shop.shout
    effect: write
    reversibility: irreversible
    timeout: 2s
    input: { type: object, properties: { text: { type: string } }, required: [text], additionalProperties: false }
    request: { method: POST, path: /shouts, body: [text] }
    notice: { to: $.text }
    idempotency: { header: Idempotency-Key, retention: 1h }
  - name: shop.ship
    effect: write
    reversibility: irreversible
    timeout: 2s
    input: ${orderInput}
    request: { method: POST, path: /shipments, body: [order] }
    entity: { type: order, id: $.order }
    idempotency: { header: Idempotency-Key, retention: 1h }
`,
  "budget.yaml": `
apiVersion: airworthy/v1
kind: Budget
name: payments
tools: [shop.pay]
limit: { minor: 1000000, currency: EUR }
per: month
`,
  "rules.cedar": `
@id("clerk-may")
permit (principal == Airworthy::Agent::"clerk", action, resource);

@id("recall-may")
permit (principal == Airworthy::Agent::"recall", action, resource)
unless { action == Airworthy::Action::"shop.cancel_guarded" };

@id("board-cancels")
@approver("board")
forbid (principal, action == Airworthy::Action::"shop.cancel_board", resource)
unless { context.env.approvals.contains("board") };

@id("masked")
@mask("$.id")
permit (principal == Airworthy::Agent::"clerk", action == Airworthy::Action::"shop.pay_masked", resource);
`,
};

export type RecallDesk = Omit<RecallShop, "upstream"> & {
  readonly shop: Upstream;
  readonly server: TestServer;
  readonly clerk: Client;
  readonly clerkKey: string;
  readonly maria: Client;
  readonly jonas: Client;
  readonly otto: Client;
  /** A payment in a run, and its id at the shop. */
  readonly pay: (run: string, order: string, more?: { tool?: string; amountMinor?: number }) => Promise<Paid>;
  readonly plan: (selector: RecallSelector, choices?: RecallChoices) => Promise<RecallPlan>;
  /** Plans as otto, starts, and has jonas approve. */
  readonly recall: (selector: RecallSelector, choices?: RecallChoices) => Promise<RecallPlan["id"]>;
  readonly settled: (id: RecallPlan["id"], ...status: string[]) => Promise<Awaited<ReturnType<Client["readRecall"]>>>;
  /** The local administrator, in a tenant of its own with the same configuration. */
  readonly otherTenant: () => Promise<Client>;
  readonly sql: <R extends pg.QueryResultRow>(text: string, values?: readonly unknown[]) => Promise<R[]>;
  readonly close: () => Promise<void>;
};
export type Paid = { readonly action: `act_${string}`; readonly payment: string };

export type RecallShop = {
  readonly upstream: Upstream;
  /** What the shop holds of each payment, and how often it was really cancelled. */
  readonly payments: Map<string, { readonly order: string; cancelled: number }>;
  /** May answer in the shop's place. */
  interfere: (request: Received) => Promise<Reply | undefined> | Reply | undefined;
};

/** A system of record that does the same thing once for each idempotency key. */
export async function startRecallShop(): Promise<RecallShop> {
  const payments: RecallShop["payments"] = new Map();
  const byKey = new Map<string, Reply>();
  const calm: RecallShop["interfere"] = () => undefined;
  const shop = { payments, interfere: calm };
  const upstream = await startUpstream(async (request) => {
    const instead = await shop.interfere(request);
    if (instead) return instead;
    const key = String(request.headers["idempotency-key"] ?? "");
    const before = request.method === "POST" ? byKey.get(key) : undefined;
    const reply = before ?? answer(request);
    if (request.method === "POST") byKey.set(key, reply);
    return reply;
  });
  function answer({ method, path, body }: Received): Reply {
    if (method === "GET") return { body: { order: path.split("/")[2], status: "open" } };
    if (path === "/payments") {
      const id = `pay-${payments.size + 1}`;
      payments.set(id, { order: (body as { order: string }).order, cancelled: 0 });
      return { status: 201, body: { id } };
    }
    if (!path.endsWith("/cancellation")) return { status: 201, body: { ok: true } };
    const payment = payments.get(path.split("/")[2] ?? "");
    if (!payment) return { status: 404, body: { error: "no such payment" } };
    payment.cancelled += 1;
    return { body: { ok: true } };
  }
  return Object.assign(shop, { upstream });
}

export async function openRecallDesk(files: Readonly<Record<string, string>> = recallFiles): Promise<RecallDesk> {
  const shop = await startRecallShop();
  const { payments } = shop;
  const server = await startTestServer({ files, env: { SHOP_URL: shop.upstream.url } });
  const pool = new pg.Pool({ ...server.connection, max: 2 });
  pool.on("error", () => undefined);
  const { client: clerk, key: clerkKey } = await server.agent("clerk");
  const [maria, jonas, otto] = await Promise.all(
    ["maria", "jonas", "otto"].map(async (name) => (await server.person(name)).client),
  );
  if (!maria || !jonas || !otto) throw new Error("people are missing");
  const plan: RecallDesk["plan"] = (selector, choices = {}) => otto.planRecall({ selector, choices });
  return Object.assign(shop, {
    shop: shop.upstream,
    server,
    clerk,
    clerkKey,
    maria,
    jonas,
    otto,
    plan,
    pay: async (run: string, order: string, { tool = "shop.pay", amountMinor = 1000 } = {}) => {
      const answered = await clerk.proposeAction({ tool, arguments: { order, amountMinor }, run });
      if (answered.status !== "done") throw new Error(`${answered.id} is ${answered.status}`);
      return { action: answered.id, payment: [...payments.keys()].at(-1) ?? "" };
    },
    recall: async (selector: RecallSelector, choices: RecallChoices = {}) => {
      const { id, approval } = await otto.startRecall({ plan: await plan(selector, choices) });
      await jonas.decideApproval({ id: approval, verdict: "approve", reason: "looked at it" });
      return id;
    },
    settled: (id: RecallPlan["id"], ...status: string[]) =>
      eventually(async () => {
        const recall = await otto.readRecall({ id });
        return status.includes(recall.status) ? recall : undefined;
      }),
    otherTenant: async () => {
      const key = readFileSync(join(server.dataDir, "admin.key"), "utf8").trim();
      const client = createClient({ baseUrl: server.url, key, tenant: "elsewhere" });
      const list = Object.entries(files).map(([file, text]) => ({ path: file, text }));
      const planned = await client.planConfig({ files: list });
      await client.applyConfig({ files: list, base: planned.base, digest: planned.digest });
      return client;
    },
    sql: async <R extends pg.QueryResultRow>(text: string, values: readonly unknown[] = []) =>
      (await pool.query<R>(text, [...values])).rows,
    close: async () => {
      await pool.end();
      await server.close();
      await shop.upstream.close();
    },
  });
}
