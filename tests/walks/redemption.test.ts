/** Between decision and effect: what has moved is looked at again, and what many want at once has one winner. */
import type { Client } from "@airworthy/sdk";
import pg from "pg";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";

import { createGate, type Desk, eventually, openDesk, pause, refund } from "../support/desk.ts";
import { shopFiles } from "../support/shop.ts";

const crowd = Array.from({ length: 200 }, (_, index) => `crowd-${index}`);
const agentDocument = (name: string): string => `
apiVersion: airworthy/v1
kind: Agent
name: ${name}
purpose: One of many
owner: maria
stage: production
level: senior
tools: [shop.note]
`;
const files = {
  ...shopFiles,
  // Look-ups are held here for as long as a test needs.
  "shop.yaml": (shopFiles["shop.yaml"] ?? "").replaceAll("timeout: 1s", "timeout: 25s"),
  "budget.yaml": (shopFiles["budget.yaml"] ?? "").replace("1000000", "1000000000"),
  "crowd.yaml": crowd.map(agentDocument).join("---"),
  "crowd.cedar": `@id("notes-for-all") permit (principal, action == Airworthy::Action::"shop.note", resource);`,
};

let desk: Desk;
let clerk: Client;

beforeAll(async () => {
  desk = await openDesk({ files });
  ({ client: clerk } = await desk.server.agent("clerk"));
});
afterAll(() => desk.close());
afterEach(() => {
  vi.restoreAllMocks();
  desk.interfere = () => undefined;
});

const note = (text: string) => ({ tool: "shop.note", arguments: { text } });
const lookups = (account: string): number =>
  desk.shop.received.filter(({ path }) => path === `/accounts/${account}`).length;
/** Holds the first look-up of an account after its answer is made: what it says may be old when it arrives. */
function holdFirstAnswer(account: string) {
  const gate = createGate();
  let first = true;
  desk.interfere = async ({ path }) => {
    if (path !== `/accounts/${account}` || !first) return undefined;
    first = false;
    const body = { id: account, status: desk.status[account] ?? "active" };
    await gate.pass();
    return { body };
  };
  return gate;
}
async function verified(): Promise<void> {
  expect(await desk.server.admin.verifyLedger()).toMatchObject({ ok: true, faults: [] });
  const gaps = await desk.sql("select chain from ledger_entries group by day, chain having max(seq) <> count(*)");
  expect(gaps).toEqual([]);
}

describe("two writes on one business object", () => {
  it("come one after the other: the second looks only when the first has ended", async () => {
    const gate = createGate();
    let first = true;
    desk.interfere = async ({ method, path }) => {
      if (method !== "POST" || path !== "/refunds" || !first) return undefined;
      first = false;
      await gate.pass();
      // What the first effect brings about: the second must not act on the account as it was before.
      desk.status["serial"] = "disputed";
      return undefined;
    };
    const one = clerk.proposeAction({ ...refund("serial", 100), idempotencyKey: "serial-1" });
    await gate.arrived;
    const two = clerk.proposeAction({ ...refund("serial", 100), idempotencyKey: "serial-2" });
    await eventually(async () => {
      const { actions } = await clerk.listActions({ status: "running" });
      return actions.length === 2 && true;
    });
    await pause(300);
    expect(desk.effects("account", "serial")).toHaveLength(1);
    gate.open();
    expect(await one).toMatchObject({ status: "done" });
    expect(await two).toMatchObject({ status: "refused" });
    expect(desk.effects("account", "serial")).toHaveLength(1);
    await verified();
  });
});

describe("an action whose ground moved after it looked", () => {
  it("walks again when its business object was changed meanwhile, and ends by the new view", async () => {
    const gate = holdFirstAnswer("moved");
    const slow = clerk.proposeAction(refund("moved", 100, "inv-shared"));
    await gate.arrived;
    expect((await clerk.proposeAction(refund("other", 200, "inv-shared"))).status).toBe("done");
    desk.status["moved"] = "blocked";
    gate.open();
    const answer = await slow;
    expect(answer.status).toBe("refused");
    expect(answer.decision?.reasons).toContainEqual(
      expect.objectContaining({ policy: expect.objectContaining({ id: "refund-active" }) }),
    );
    expect(lookups("moved")).toBe(2);
    expect(desk.effects("account", "moved")).toEqual([]);
  });

  it("walks again and is done when the new view allows it as well", async () => {
    const gate = holdFirstAnswer("still");
    const slow = clerk.proposeAction(refund("still", 100, "inv-still"));
    await gate.arrived;
    await clerk.proposeAction(refund("other", 200, "inv-still"));
    gate.open();
    expect((await slow).status).toBe("done");
    expect(lookups("still")).toBe(2);
    expect(desk.effects("account", "still")).toHaveLength(1);
  });

  it("is judged by the rules that hold when it is carried out", async () => {
    const forbidding = `@id("none-for-rules") forbid (principal, action == Airworthy::Action::"shop.refund", resource)
      when { context.env.entityId == "inv-rules" };`;
    const next = Object.entries({ ...files, "none.cedar": forbidding }).map(([path, text]) => ({ path, text }));
    const { base, digest } = await desk.server.admin.planConfig({ files: next, replay: 0 });
    const gate = holdFirstAnswer("rules");
    const slow = clerk.proposeAction(refund("rules", 100));
    await gate.arrived;
    await desk.server.admin.applyConfig({ files: next, base, digest });
    gate.open();
    const answer = await slow;
    expect(answer.status).toBe("refused");
    expect(answer.decision).toMatchObject({
      snapshot: { version: 2 },
      reasons: expect.arrayContaining([
        expect.objectContaining({ policy: expect.objectContaining({ id: "none-for-rules" }) }),
      ]),
    });
    expect(desk.effects("account", "rules")).toEqual([]);
    await desk.server.apply(files);
  });

  it("looks again when a fact ran out of time before it could be carried out, by the database's clock", async () => {
    const holder = new pg.Client(desk.server.connection);
    await holder.connect();
    await holder.query("begin");
    await holder.query("select 1 from control for update");
    // A wall clock that is an hour off on this machine changes nothing.
    const real = Date.now.bind(Date);
    vi.spyOn(Date, "now").mockImplementation(() => real() - 3_600_000);
    const call = clerk.proposeAction({ tool: "shop.late", arguments: { account: "late" } });
    await eventually(async () => {
      const waiting = await desk.sql(
        "select 1 from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      return waiting.length > 0;
    });
    expect(lookups("late")).toBe(1);
    await pause(2100);
    await holder.query("rollback");
    await holder.end();
    expect(await call).toMatchObject({ status: "done" });
    expect(lookups("late")).toBe(2);
    expect(desk.effects("account", "late")).toHaveLength(1);
  });

  it("does not mind a wall clock that is an hour ahead", async () => {
    const real = Date.now.bind(Date);
    vi.spyOn(Date, "now").mockImplementation(() => real() + 3_600_000);
    desk.status["ahead"] = "active";
    await clerk.proposeAction({ tool: "shop.list", arguments: {} });
    const { id, status } = await clerk.proposeAction(refund("ahead", 100));
    expect(status).toBe("done");
    const { action, proof } = await desk.server.admin.explainAction({ id });
    expect(action.facts).toMatchObject([{ how: "agent" }]);
    expect(proof.every((entry) => Date.parse(entry.at) < real() + 60_000)).toBe(true);
  });
});

describe("group commit", () => {
  it("takes 200 agents at once; one writer's entries count without a gap and the chain verifies", async () => {
    const keys: string[] = [];
    for (const name of crowd) keys.push((await desk.server.agent(name)).key);
    const answers = await Promise.all(keys.map((key, index) => desk.client(key).proposeAction(note(`crowd ${index}`))));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set(["done"]));
    expect(new Set(answers.map(({ id }) => id)).size).toBe(200);
    for (const index of crowd.keys()) expect(desk.effects("text", `crowd ${index}`)).toHaveLength(1);
    const [order] = await desk.sql<{ wrong: number }>(
      `select count(*)::int as wrong from ledger_entries f where f.kind = 'finished' and f.agent like 'crowd-%'
       and not exists (select 1 from ledger_entries s where s.kind = 'started' and s.action = f.action
                       and s.chain = f.chain and s.seq < f.seq)`,
    );
    expect(order).toEqual({ wrong: 0 });
    await verified();
  });

  it("lets one that cannot be written fail alone", async () => {
    await desk.sql(`create function refuse_poison() returns trigger language plpgsql as $$
      begin
        if exists (select 1 from actions a where a.id = new.action and a.arguments like '%poison%') then
          raise exception 'no';
        end if;
        return new;
      end $$`);
    await desk.sql("create trigger poison before insert on effects for each row execute function refuse_poison()");
    const texts = Array.from({ length: 30 }, (_, index) => (index === 7 ? "poison" : `good ${index}`));
    const answers = await Promise.allSettled(texts.map((text) => clerk.proposeAction(note(text))));
    expect(answers.filter(({ status }) => status === "rejected")).toHaveLength(1);
    expect(answers[7]).toMatchObject({ status: "rejected", reason: { code: "internal" } });
    for (const text of texts) expect(desk.effects("text", text)).toHaveLength(text === "poison" ? 0 : 1);
    const ended = await eventually(async () => {
      const { actions } = await clerk.listActions({ tool: "shop.note", status: "failed" });
      return actions.find((action) => action.arguments["text"] === "poison");
    });
    expect(ended.error).toMatchObject({ code: "interrupted", retryable: true });
    await desk.sql("drop trigger poison on effects");
    await verified();
  });

  it("gives each version of a business object one winner, and everyone an end", async () => {
    const calls = Array.from({ length: 24 }, (_, index) =>
      clerk.proposeAction(refund(`crush-${index}`, 100 + index, "inv-crush")),
    );
    const answers = await Promise.all(calls);
    const done = answers.filter(({ status }) => status === "done");
    const given = answers.filter(({ status }) => status === "failed");
    expect(done.length + given.length).toBe(24);
    expect(done.length).toBeGreaterThan(0);
    for (const answer of given) expect(answer.error).toMatchObject({ code: "contention", retryable: true });
    expect(desk.effects("invoice", "inv-crush")).toHaveLength(done.length);
    const starts = await desk.sql<{ starts: number }>(
      "select count(*)::int as starts from ledger_entries where kind = 'started' and entity = 'invoice:inv-crush'",
    );
    expect(starts).toEqual([{ starts: done.length }]);
    await verified();
  });
});
