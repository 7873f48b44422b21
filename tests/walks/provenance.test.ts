/** Facts and where they come from: whose reads count, what a source's clock is worth, and how large things may be. */
import type { Client } from "@airworthy/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { type Desk, openDesk, refund } from "../support/desk.ts";
import { shopFiles } from "../support/shop.ts";

const twin = (shopFiles["agents.yaml"] ?? "").split("---")[0]?.replace("name: clerk", "name: twin") ?? "";
const files = {
  ...shopFiles,
  "budget.yaml": (shopFiles["budget.yaml"] ?? "").replace("1000000", "1000000000"),
  "twin.yaml": twin,
  "twin.cedar": `@id("twin-may") permit (principal == Airworthy::Agent::"twin", action, resource);`,
  // A record endpoint that states an as-of instead of being authoritative.
  "dated.yaml": `
apiVersion: airworthy/v1
kind: Connector
name: dated
type: http
baseUrl: \${SHOP_URL}
tools:
  - name: dated.get
    effect: read
    timeout: 2s
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: GET, path: "/dated/{id}" }
    yields:
      - { fact: dated.limit, key: $.id, value: $.limit, asOf: $.asOf, type: integer }
  - name: dated.pay
    effect: write
    timeout: 2s
    input: { type: object, properties: { id: { type: string } }, required: [id] }
    request: { method: POST, path: /dated, body: [id] }
    rests_on:
      - { fact: dated.limit, key: $.id, maxAge: 1m, lookup: { tool: dated.get, with: { id: $.id } } }
`,
  "dated-agent.yaml": `
apiVersion: airworthy/v1
kind: Agent
name: payer
purpose: Pays by dated facts
owner: maria
stage: production
level: senior
tools: [dated.pay, dated.get]
`,
  "dated.cedar": `@id("payer-may") permit (principal == Airworthy::Agent::"payer", action, resource);`,
};

let desk: Desk;
let clerk: Client;
let other: Client;
let payer: Client;

beforeAll(async () => {
  desk = await openDesk({ files });
  ({ client: clerk } = await desk.server.agent("clerk"));
  ({ client: other } = await desk.server.agent("twin"));
  ({ client: payer } = await desk.server.agent("payer"));
});
afterAll(() => desk.close());
afterEach(() => {
  desk.interfere = () => undefined;
});

const list = { tool: "shop.list", arguments: {} };
const factsOf = async (id: `act_${string}`) => (await desk.server.admin.explainAction({ id })).action.facts;
const lookups = (path: string): number => desk.shop.received.filter((one) => one.path === path).length;

describe("whose reads count", () => {
  it("an agent's own, from the moment they were answered", async () => {
    for (let round = 0; round < 10; round++) {
      const account = `now-${round}`;
      desk.status[account] = "active";
      const read = await clerk.proposeAction({ tool: "shop.get", arguments: { id: account } });
      const answer = await clerk.proposeAction(refund(account, 100));
      expect(await factsOf(answer.id)).toMatchObject([{ how: "agent", readBy: read.id }]);
    }
  });

  it("not another agent's: it is looked up, and no value is traced to what somebody else read", async () => {
    desk.status["theirs"] = "active";
    await other.proposeAction({ tool: "shop.get", arguments: { id: "theirs" } });
    const answer = await clerk.proposeAction(refund("theirs", 100));
    const facts = await factsOf(answer.id);
    expect(facts).toMatchObject([{ how: "lookup" }]);
    expect(facts[0]?.readBy).toBeUndefined();
    expect(facts[0]?.believed).toBeUndefined();
    desk.status["secret-account"] = "a status only twin has read";
    await other.proposeAction({ tool: "shop.get", arguments: { id: "secret-account" } });
    const text = { tool: "shop.note", arguments: { text: "a status only twin has read" } };
    const [mine, theirs] = [await clerk.proposeAction(text), await other.proposeAction(text)];
    const lineage = async (id: `act_${string}`) => (await desk.server.admin.explainAction({ id })).action.lineage;
    expect(await lineage(mine.id)).toEqual([]);
    expect(await lineage(theirs.id)).toMatchObject([{ fact: "shop.status", key: "secret-account" }]);
  });

  it("a run groups, it hides nothing: what was read in another run is still what the agent believes", async () => {
    desk.status["runs"] = "active";
    const read = await clerk.proposeAction({ tool: "shop.get", arguments: { id: "runs" }, run: "run-1" });
    const answer = await clerk.proposeAction({ ...refund("runs", 100), run: "run-2" });
    expect(await factsOf(answer.id)).toMatchObject([{ how: "agent", readBy: read.id }]);
  });
});

describe("a source's clock", () => {
  /** What the list says of its own age, and how the refund that follows came by its fact. */
  async function howWith(account: string, asOf: unknown): Promise<string | undefined> {
    desk.interfere = ({ path }) =>
      path === "/accounts" ? { body: { asOf, accounts: [{ id: account, status: "active" }] } } : undefined;
    expect((await clerk.proposeAction(list)).status).toBe("done");
    const answer = await clerk.proposeAction(refund(account, 100));
    expect(answer.status).toBe("done");
    return (await factsOf(answer.id))[0]?.how;
  }
  const fromNow = (ms: number): string => new Date(Date.now() + ms).toISOString();

  it("is believed when it is near ours, and a little ahead", async () => {
    expect(await howWith("clock-now", fromNow(0))).toBe("agent");
    expect(await howWith("clock-skew", fromNow(1000))).toBe("agent");
  });

  it("makes its value one to be read again when it is missing, unreadable, without an offset or in the future", async () => {
    expect(await howWith("clock-none", undefined)).toBe("reread");
    expect(await howWith("clock-null", null)).toBe("reread");
    expect(await howWith("clock-text", "a moment ago")).toBe("reread");
    expect(await howWith("clock-local", fromNow(0).replace("Z", ""))).toBe("reread");
    expect(await howWith("clock-future", fromNow(60_000))).toBe("reread");
    expect(await howWith("clock-old", fromNow(-61_000))).toBe("reread");
  });

  it("is taken as now where the source is authoritative", async () => {
    const answer = await clerk.proposeAction(refund("authoritative", 100));
    const [fact] = await factsOf(answer.id);
    expect(fact).toMatchObject({ how: "lookup", source: "shop.get", asOf: fact?.fetchedAt });
  });

  it("that lies stops the action: a look-up that is old, ahead, silent, or about somebody else is none", async () => {
    const answers: Record<string, object> = {
      old: { id: "old", limit: 5, asOf: fromNow(-120_000) },
      ahead: { id: "ahead", limit: 5, asOf: fromNow(120_000) },
      silent: { id: "silent", limit: 5 },
      other: { id: "somebody", limit: 5, asOf: fromNow(0) },
      typed: { id: "typed", limit: "5", asOf: fromNow(0) },
      good: { id: "good", limit: 5, asOf: fromNow(0) },
    };
    desk.interfere = ({ path }) => (path.startsWith("/dated/") ? { body: answers[path.slice(7)] } : undefined);
    const seen: Record<string, string | undefined> = {};
    for (const id of Object.keys(answers)) {
      const answer = await payer.proposeAction({ tool: "dated.pay", arguments: { id } });
      seen[id] = answer.status === "done" ? "done" : answer.decision?.reasons[0]?.code;
    }
    expect(seen).toEqual({
      old: "fact_stale",
      ahead: "fact_unavailable",
      silent: "fact_unavailable",
      other: "fact_unavailable",
      typed: "fact_unavailable",
      good: "done",
    });
    expect(desk.shop.writes().filter(({ path }) => path === "/dated")).toHaveLength(1);
  });

  it("is not asked again while what it said is fresh", async () => {
    desk.status["once"] = "active";
    await clerk.proposeAction({ tool: "shop.get", arguments: { id: "once" } });
    await clerk.proposeAction(refund("once", 100));
    await clerk.proposeAction(refund("once", 101));
    expect(lookups("/accounts/once")).toBe(1);
  });
});

describe("size", () => {
  it("a megabyte goes in and a megabyte comes out, whole", async () => {
    const text = "ä".repeat(500_000);
    desk.interfere = ({ path }) => (path === "/notes" ? { status: 201, body: { echo: text } } : undefined);
    const answer = await clerk.proposeAction({ tool: "shop.note", arguments: { text } });
    expect(answer.status).toBe("done");
    expect((answer.result as { echo: string }).echo).toBe(text);
    expect(desk.effects("text", text)).toHaveLength(1);
    expect((await clerk.readAction({ id: answer.id })).result).toEqual(answer.result);
    const rows = "x".repeat(1_000_000);
    desk.interfere = ({ path }) =>
      path === "/accounts/rows" ? { body: { id: "rows", status: "active", rows } } : undefined;
    const read = await clerk.proposeAction({ tool: "shop.get", arguments: { id: "rows" } });
    expect((read.result as { rows: string }).rows).toBe(rows);
    expect(await desk.server.admin.verifyLedger()).toMatchObject({ ok: true });
  });

  it("a body above the limit is refused before anything is decided", async () => {
    const before = (await clerk.listActions({ limit: 500 })).actions.length;
    await expect(
      clerk.proposeAction({ tool: "shop.note", arguments: { text: "x".repeat(5_000_000) } }),
    ).rejects.toMatchObject({ code: "too_large", retryable: false });
    expect((await clerk.listActions({ limit: 500 })).actions).toHaveLength(before);
    expect((await clerk.proposeAction({ tool: "shop.note", arguments: { text: "still here" } })).status).toBe("done");
  });

  it("a write whose answer is too large to read was done all the same; a read was not answered", async () => {
    const body = { rows: "x".repeat(5_000_000) };
    desk.interfere = ({ path }) => (path === "/notes" || path === "/accounts/huge" ? { body } : undefined);
    expect(await clerk.proposeAction({ tool: "shop.note", arguments: { text: "huge answer" } })).toMatchObject({
      status: "done",
      result: null,
    });
    expect(await clerk.proposeAction({ tool: "shop.get", arguments: { id: "huge" } })).toMatchObject({
      status: "failed",
      error: { code: "bad_answer" },
    });
  });
});
