/** The main job: the example company plays its story by itself, with freshness rules and without them. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { ActionRecord } from "@airworthy/contract";
import { createClient, type Client } from "@airworthy/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { startCompany, type Company } from "../../examples/company/src/company.ts";
import type { AgentEvent } from "../../examples/company/src/narrator.ts";
import { readRefundAttempts } from "../../examples/company/src/systems/payments.ts";

type Played = {
  readonly company: Company;
  readonly admin: Client;
  readonly events: AgentEvent[];
  readonly dataDir: string;
  /** Refunds that were really made of an invoice. */
  readonly refundsOf: (invoice: unknown) => { accountId: string }[];
};

const seed = 42;
const storyMs = 75_000;

async function play(freshness: boolean): Promise<Played> {
  const dataDir = mkdtempSync(path.join(tmpdir(), "airworthy-story-"));
  const events: AgentEvent[] = [];
  const narrator = {
    say: () => undefined,
    agent: (event: AgentEvent) => void events.push(event),
    world: () => undefined,
  };
  const company = await startCompany({ dataDir, port: 0, seed, rate: 2, freshness, narrator });
  const key = readFileSync(path.join(dataDir, "admin.key"), "utf8").trim();
  return {
    company,
    admin: createClient({ baseUrl: company.url, key }),
    events,
    dataDir,
    refundsOf: (invoice) =>
      readRefundAttempts(path.join(dataDir, "company", "refunds.jsonl"))
        .filter((attempt) => attempt.outcome === "created")
        .flatMap(({ refund }) => (refund && refund.invoiceId === invoice ? [refund] : [])),
  };
}

async function until<T>(look: () => Promise<T | undefined> | T | undefined): Promise<T> {
  const end = Date.now() + storyMs;
  while (Date.now() < end) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  throw new Error(`the story did not come to this within ${storyMs / 1000} s`);
}

const findAction = (
  played: Played,
  filter: Parameters<Client["listActions"]>[0],
  fits: (action: ActionRecord) => boolean,
) => until(async () => (await played.admin.listActions({ ...filter, limit: 500 })).actions.find(fits));

const hasReason = (code: string) => (action: ActionRecord) =>
  action.decision?.reasons.some((reason) => reason.code === code) ?? false;

let governed: Played;
let without: Played;

beforeAll(async () => {
  [governed, without] = await Promise.all([play(true), play(false)]);
}, 120_000);
afterAll(async () => {
  await Promise.all([governed, without].map((played) => played.company.close()));
  for (const { dataDir } of [governed, without]) rmSync(dataDir, { recursive: true, force: true });
}, 60_000);

describe("the story", { timeout: 2 * storyMs }, () => {
  it("refuses a refund that was right a moment ago, and the agent thinks again", async () => {
    const refused = await findAction(
      governed,
      { tool: "payments.refund", status: "refused" },
      hasReason("fact_changed"),
    );
    const { account, invoice } = pick(refused);
    const { sentence, action } = await governed.admin.explainAction({ id: refused.id });
    expect(sentence).toContain("Refused: payments.refund");
    expect(sentence).toContain('it held "active"');
    expect(action.facts).toMatchObject([
      {
        key: account,
        value: "disputed",
        how: "reread",
        source: "crm.get_account",
        believed: { value: "active", source: "crm.list_accounts" },
      },
    ]);
    await until(() => governed.events.find((event) => event.event === "reread" || undefined));
    await until(() => governed.events.find((event) => event.event === "dropped" || undefined));
    expect(governed.refundsOf(invoice)).toEqual([]);

    // The same seed without freshness rules: the wrong refund is in the ledger.
    const wrong = await until(() => without.refundsOf(invoice)[0]);
    expect(wrong).toMatchObject({ accountId: account });
  });

  it("holds a refund over the limit for finance-ops, and carries it out after their yes", async () => {
    const waiting = await findAction(governed, { tool: "payments.refund", status: "waiting" }, () => true);
    expect(waiting.amount?.minor).toBeGreaterThan(50_000);
    const { approval } = waiting;
    if (approval === undefined) throw new Error("a waiting action names its approval");
    expect(governed.refundsOf(pick(waiting).invoice)).toEqual([]);
    await governed.admin.decideApproval({ id: approval, verdict: "approve", reason: "checked with the bank" });
    const ended = await until(async () => {
      const now = await governed.admin.readAction({ id: waiting.id });
      return now.status === "waiting" || now.status === "running" ? undefined : now;
    });
    expect(ended.status).toBe("done");
    expect(governed.refundsOf(pick(waiting).invoice)).toHaveLength(1);
  });

  it("refuses a carrier change under a safety hold", async () => {
    const refused = await findAction(
      governed,
      { tool: "shipments.assign_carrier", status: "refused" },
      (action) => action.decision?.reasons.some((reason) => reason.policy?.id === "safety-hold") ?? false,
    );
    expect(refused.facts).toMatchObject([{ fact: "shipment.hold", value: "safety" }]);
  });

  it("holds a credit that contradicts what two other agents did, and shows both", async () => {
    const held = await findAction(governed, { tool: "payables.credit_vendor", status: "waiting" }, (action) =>
      (action.decision?.reasons ?? []).some(
        ({ policy, effects = [] }) => policy?.id === "guard-contradiction" && effects.length > 1,
      ),
    );
    const reason = held.decision?.reasons.find(({ policy }) => policy?.id === "guard-contradiction");
    expect(reason?.effects?.map(({ by, state }) => [by.name, state]).toSorted()).toEqual([
      ["cash-flow", "payment_delayed"],
      ["invoice-review", "flagged"],
    ]);
    const { entity } = held;
    const record = await governed.admin.readEntity({ entity: `${entity?.type}:${entity?.id}` });
    expect(record.states.map(({ state = "" }) => state).toSorted()).toEqual(["flagged", "payment_delayed"]);
    // Alone, each of the three goes through.
    const alone = await findAction(governed, { tool: "payables.credit_vendor", status: "done" }, () => true);
    expect(alone.agent).toBe("vendor-relations");
  });

  it("leaves a ledger that verifies", async () => {
    const { ok, faults, entries } = await governed.admin.verifyLedger({});
    expect(faults).toEqual([]);
    expect(ok).toBe(true);
    expect(entries).toBeGreaterThan(20);
  });
});

function pick(action: ActionRecord): { account: unknown; invoice: unknown } {
  return { account: action.arguments["accountId"], invoice: action.arguments["invoiceId"] };
}
