/** Budgets: never over, held while in doubt, given back by a failure, settled once. */
import type { ActionAnswer } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { createGate, type Desk, eventually, openDesk } from "../support/desk.ts";
import { shopFiles } from "../support/shop.ts";

const agents = ["crowd", "fails", "doubts", "waits", "slow", "dollars"];
const documentsOf = (name: string): string => `
apiVersion: airworthy/v1
kind: Agent
name: ${name}
purpose: Spends
owner: maria
stage: production
level: senior
tools: [shop.refund, pay.blind]
---
apiVersion: airworthy/v1
kind: Budget
name: of-${name}
agents: [${name}]
tools: [shop.refund, pay.blind]
limit: { minor: 100000, currency: ${name === "dollars" ? "USD" : "EUR"} }
per: month
`;
const { "budget.yaml": _, ...withoutBudget } = shopFiles;
const files = {
  ...withoutBudget,
  "spenders.yaml": agents.map(documentsOf).join("---"),
  "pay.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: pay
type: http
baseUrl: \${SHOP_URL}
tools:
  - name: pay.blind
    effect: write
    timeout: 1s
    input:
      type: object
      properties: { invoice: { type: string }, amountMinor: { type: integer } }
      required: [invoice, amountMinor]
    request: { method: POST, path: /pay, body: [invoice, amountMinor] }
    entity: { type: payment, id: $.invoice }
    amount: { minor: $.amountMinor, currency: EUR }
`,
  "spenders.cedar": agents
    .map((name) => `@id("${name}-may") permit (principal == Airworthy::Agent::"${name}", action, resource);`)
    .join("\n"),
};

let desk: Desk;
let maria: Client;
const clients: Record<string, Client> = {};

beforeAll(async () => {
  desk = await openDesk({ files });
  for (const name of agents) clients[name] = (await desk.server.agent(name)).client;
  ({ client: maria } = await desk.server.person("maria"));
});
afterAll(() => desk.close());
afterEach(() => {
  desk.interfere = () => undefined;
});

const of = (name: string): Client => {
  const client = clients[name];
  if (!client) throw new Error(`no agent ${name}`);
  return client;
};
const refund = (invoice: string, amountMinor: number) => ({
  tool: "shop.refund",
  arguments: { account: `acc-${invoice}`, invoice, amountMinor },
});
const pay = (invoice: string, amountMinor: number) => ({ tool: "pay.blind", arguments: { invoice, amountMinor } });
async function used(name: string): Promise<number> {
  const rows = await desk.sql<{ used: number }>(
    "select coalesce(sum(used_minor), 0)::int as used from budget_windows where budget = $1",
    [`of-${name}`],
  );
  return rows[0]?.used ?? 0;
}
const codes = ({ decision }: Pick<ActionAnswer, "decision">) => decision?.reasons.map(({ code }) => code) ?? [];

describe("a budget", () => {
  it("is never overdrawn by 50 at once, and is used up to its end", async () => {
    const answers = await Promise.all(
      Array.from({ length: 50 }, (__, index) => of("crowd").proposeAction(refund(`c-${index}`, 3000))),
    );
    const done = answers.filter(({ status }) => status === "done");
    const refused = answers.filter(({ status }) => status === "refused");
    expect([done.length, refused.length]).toEqual([33, 17]);
    for (const answer of refused) expect(codes(answer)).toContain("budget_exceeded");
    expect(await used("crowd")).toBe(99_000);
    expect(
      desk.shop.writes().filter(({ body }) => (body as { invoice: string }).invoice.startsWith("c-")),
    ).toHaveLength(33);
    const [held] = await desk.sql(
      "select count(*)::int as held, sum(minor)::int as sum from reservations where budget = 'of-crowd' and state = 'spent'",
    );
    expect(held).toEqual({ held: 33, sum: 99_000 });
  });

  it("gets back what a failure did not spend", async () => {
    desk.interfere = () => ({ status: 422, body: { error: "closed" } });
    const failed = await of("fails").proposeAction(pay("f-1", 90_000));
    expect(failed.status).toBe("failed");
    expect(await used("fails")).toBe(0);
    desk.interfere = () => undefined;
    expect((await of("fails").proposeAction(pay("f-2", 100_000))).status).toBe("done");
    expect(await used("fails")).toBe(100_000);
    expect(codes(await of("fails").proposeAction(pay("f-3", 1)))).toContain("budget_exceeded");
  });

  it("keeps hold of what may have been spent, until a person says; once", async () => {
    desk.interfere = ({ path }) => (path === "/pay" ? "reset" : undefined);
    const first = await of("doubts").proposeAction(pay("d-1", 60_000));
    const second = await of("doubts").proposeAction(pay("d-2", 40_000));
    expect([first.status, second.status]).toEqual(["unknown", "unknown"]);
    desk.interfere = () => undefined;
    expect(await used("doubts")).toBe(100_000);
    expect(codes(await of("doubts").proposeAction(pay("d-3", 1)))).toContain("budget_exceeded");
    await maria.resolveAction({ id: first.id, happened: false, reason: "not on the statement" });
    expect(await used("doubts")).toBe(40_000);
    await expect(maria.resolveAction({ id: first.id, happened: false, reason: "really not" })).rejects.toMatchObject({
      code: "conflict",
    });
    await maria.resolveAction({ id: second.id, happened: true, reason: "on the statement" });
    expect(await used("doubts")).toBe(40_000);
    const states = await desk.sql("select action, state from reservations where budget = 'of-doubts' order by state");
    expect(states).toEqual([
      { action: first.id, state: "released" },
      { action: second.id, state: "spent" },
    ]);
  });

  it("is not held by what waits for a person, and may be gone when the yes comes", async () => {
    const waiting = await of("waits").proposeAction(refund("w-1", 60_000));
    expect(waiting.status).toBe("waiting");
    expect(await used("waits")).toBe(0);
    expect((await of("waits").proposeAction(refund("w-2", 45_000))).status).toBe("done");
    await maria.decideApproval({ id: waiting.approval ?? "apr_", verdict: "approve", reason: "fine" });
    const record = await eventually(async () => {
      const now = await of("waits").readAction({ id: waiting.id });
      return now.status === "refused" && now;
    });
    expect(codes(record)).toContain("budget_exceeded");
    expect(await used("waits")).toBe(45_000);
  });

  it("is held from the start of an effect, not from its end", async () => {
    const gate = createGate();
    desk.interfere = async ({ path }) => {
      if (path === "/pay") await gate.pass();
      return undefined;
    };
    const slow = of("slow").proposeAction(pay("s-1", 70_000));
    await gate.arrived;
    expect(await used("slow")).toBe(70_000);
    expect(codes(await of("slow").proposeAction(pay("s-2", 40_000)))).toContain("budget_exceeded");
    gate.open();
    expect((await slow).status).toBe("done");
    expect(await used("slow")).toBe(70_000);
  });

  it("does not count another currency, and says so", async () => {
    const answer = await of("dollars").proposeAction(pay("u-1", 1));
    expect(answer.status).toBe("refused");
    expect(codes(answer)).toContain("budget_currency");
  });
});
