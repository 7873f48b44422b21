/** A recall carried out: approved by others than its maker, in reverse order, each action taken back once. */
import type { Recall, RecallPlan } from "@airworthy/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { canonicalJson, sha256Hex } from "../../packages/server/src/kernel/canonical.ts";
import { createGate, eventually, type Gate } from "../support/desk.ts";
import { openRecallDesk, type RecallDesk } from "../support/recall-shop.ts";

let desk: RecallDesk;

beforeAll(async () => {
  desk = await openRecallDesk();
});
afterAll(() => desk.close());

const run = (name: string) => ({ from: "run" as const, run: name });
const cancelsOf = (payment: string): number =>
  desk.shop.writes().filter(({ path }) => path === `/payments/${payment}/cancellation`).length;
const itemsOf = async (id: RecallPlan["id"]) => (await desk.otto.listRecallItems({ id })).items;
const tasksOf = async (recall: RecallPlan["id"]) => (await desk.otto.listRecallTasks({ recall })).tasks;
/** Nothing goes on any more without a person. */
const stuck = (id: RecallPlan["id"], tasks: number): Promise<Recall> =>
  eventually(async () => {
    const recall = await desk.otto.readRecall({ id });
    return recall.openTasks === tasks && (recall.counts.acting ?? 0) === 0 ? recall : undefined;
  });

describe("a run that is rolled back", () => {
  it("is taken back in reverse order, once, with a signed receipt and an unbroken ledger", async () => {
    const first = await desk.pay("happy", "h1");
    await desk.clerk.proposeAction({ tool: "shop.look", arguments: { order: "h1" }, run: "happy" });
    const second = await desk.pay("happy", "h2");
    const id = await desk.recall(run("happy"));
    const recall = await desk.settled(id, "done");
    expect(recall.counts).toEqual({ compensated: 2, left: 1 });
    expect(recall.madeBy).toBe("otto");
    const cancelled = desk.shop.writes().filter(({ path }) => path.endsWith("/cancellation"));
    expect(cancelled.map(({ path }) => path.split("/")[2])).toEqual([second.payment, first.payment]);
    const { receipt } = await desk.otto.readRecallReceipt({ id });
    expect(receipt.approvedBy).toMatchObject([{ by: "jonas", team: "finance" }]);
    const last = receipt.items.at(-1);
    expect(last).toMatchObject({ action: first.action, state: "compensated" });
    expect(last?.ledger?.length).toBe(2);
    const explained = await desk.server.admin.explainAction({ id: first.action });
    expect(explained.effect?.compensatedBy).toBe(last?.via);
    const compensation = await desk.server.admin.explainAction({ id: last?.via ?? first.action });
    expect(compensation.action).toMatchObject({ agent: "recall", status: "done", recall: { recalls: first.action } });
    // The business object shows it too: the payment stays in its history and counts no longer.
    const { effects } = await desk.server.admin.readEntity({ entity: "order:h1" });
    expect(effects.find(({ id: effect }) => effect === first.action)?.compensatedBy).toBe(last?.via);
    expect((await desk.server.admin.verifyLedger()).faults).toEqual([]);
  });

  it("gives budgets back where the tool says so, and only there", async () => {
    const before = await budgetUsed();
    await desk.pay("budget", "b1", { amountMinor: 700 });
    expect((await budgetUsed()) - before).toBe(700);
    await desk.settled(await desk.recall(run("budget")), "done");
    expect(await budgetUsed()).toBe(before);
  });

  it("is taken back once, however many recalls name it", async () => {
    const { payment } = await desk.pay("twice", "t1");
    await desk.settled(await desk.recall(run("twice")), "done");
    const again = await desk.recall(run("twice"));
    expect((await desk.settled(again, "done")).counts).toEqual({ compensated: 1 });
    expect(cancelsOf(payment)).toBe(1);
  });

  it("leaves alone what its agent has taken back itself", async () => {
    const { payment } = await desk.pay("self", "s1");
    const own = await desk.clerk.proposeAction({ tool: "shop.cancel", arguments: { payment }, run: "elsewhere" });
    expect(own.status).toBe("done");
    const id = await desk.recall(run("self"));
    expect((await desk.settled(id, "done")).counts).toEqual({ compensated: 1, left: 1 });
    expect(cancelsOf(payment)).toBe(1);
  });

  it("leaves alone what its agent takes back itself while the recall is under way", async () => {
    const first = await desk.pay("meanwhile", "me1");
    const second = await desk.pay("meanwhile", "me2");
    const gate = createGate();
    desk.interfere = async ({ path }) => {
      if (path === `/payments/${second.payment}/cancellation`) await gate.pass();
      return undefined;
    };
    const id = await desk.recall(run("meanwhile"));
    await gate.arrived;
    const own = await desk.clerk.proposeAction({ tool: "shop.cancel", arguments: { payment: first.payment } });
    expect(own.status).toBe("done");
    gate.open();
    desk.interfere = () => undefined;
    expect((await desk.settled(id, "done")).counts).toEqual({ compensated: 2 });
    expect((await itemsOf(id)).find(({ action }) => action === first.action)?.via).toBe(own.id);
    expect([cancelsOf(first.payment), cancelsOf(second.payment)]).toEqual([1, 1]);
  });

  it("tells recipients otherwise, gives a person what no tool can do, and leaves what shall stay", async () => {
    await desk.clerk.proposeAction({ tool: "shop.tell", arguments: { to: "ann", text: "You owe 5" }, run: "told" });
    await desk.clerk.proposeAction({ tool: "shop.shout", arguments: { text: "Sale!" }, run: "told" });
    const id = await desk.recall(run("told"), { irreversible: "notify" });
    await stuck(id, 1);
    const [task] = await tasksOf(id);
    expect(task).toMatchObject({ kind: "notice", owner: "maria", tool: "shop.shout" });
    if (!task) throw new Error("no task");
    await desk.maria.resolveRecallTask({ id: task.id, outcome: "handled", reason: "took the poster down" });
    expect((await desk.settled(id, "done")).counts).toEqual({ corrected: 1, handled: 1 });
    const letters = desk.shop.writes().filter(({ path }) => path === "/letters");
    expect(letters.map(({ body }) => body)).toContainEqual({ to: "ann", text: "What we wrote before is void." });
    const { receipt } = await desk.otto.readRecallReceipt({ id });
    expect(receipt.items.find(({ state }) => state === "handled")).toMatchObject({ by: "maria" });
  });

  it("gives a person what has no certain result, and never guesses", async () => {
    const paid = await desk.pay("masked", "m1", { tool: "shop.pay_masked" });
    const id = await desk.recall(run("masked"));
    await stuck(id, 1);
    expect((await itemsOf(id))[0]).toMatchObject({ action: paid.action, state: "manual" });
    expect((await itemsOf(id))[0]?.detail).toMatch(/hidden by a policy/);
    expect(cancelsOf(paid.payment)).toBe(0);
  });
});

describe("a compensation that fails", () => {
  it("waits in its owner's queue, holds back what it relies on, and is tried again only when a person says so", async () => {
    const early = await desk.pay("failing", "same");
    const late = await desk.pay("failing", "same");
    const apart = await desk.pay("failing", "apart");
    desk.interfere = ({ path }) =>
      path === `/payments/${late.payment}/cancellation` ? { status: 409, body: { error: "too late" } } : undefined;
    const id = await desk.recall(run("failing"));
    await stuck(id, 1);
    const states = new Map((await itemsOf(id)).map(({ action, state }) => [action, state]));
    expect(states.get(apart.action)).toBe("compensated");
    expect(states.get(late.action)).toBe("failed");
    // The earlier payment is on the same order: it must not be taken back before the later one.
    expect(states.get(early.action)).toBe("pending");
    expect(cancelsOf(late.payment)).toBe(1);
    const [task] = await tasksOf(id);
    expect(task).toMatchObject({ kind: "compensation", owner: "maria", action: late.action });
    if (!task) throw new Error("no task");
    desk.interfere = () => undefined;
    await desk.maria.resolveRecallTask({ id: task.id, outcome: "retry", reason: "the bank has opened" });
    expect((await desk.settled(id, "done")).counts).toEqual({ compensated: 3 });
    expect([cancelsOf(late.payment), cancelsOf(early.payment)]).toEqual([2, 1]);
    await expect(
      desk.maria.resolveRecallTask({ id: task.id, outcome: "handled", reason: "again" }),
    ).rejects.toMatchObject({ code: "conflict" });
  });

  it("is in the queue too when no policy permits it", async () => {
    const paid = await desk.pay("forbidden", "f1", { tool: "shop.pay_guarded" });
    const id = await desk.recall(run("forbidden"));
    await stuck(id, 1);
    expect((await tasksOf(id))[0]?.detail).toMatch(/^Refused: /);
    expect(cancelsOf(paid.payment)).toBe(0);
    const [task] = await tasksOf(id);
    if (!task) throw new Error("no task");
    await desk.maria.resolveRecallTask({ id: task.id, outcome: "leave", reason: "it may stay" });
    expect((await desk.settled(id, "done")).counts).toEqual({ left: 1 });
  });

  it("waits for the teams that a policy asks for and that have not signed the plan", async () => {
    const paid = await desk.pay("board", "bo1", { tool: "shop.pay_board" });
    const id = await desk.recall(run("board"));
    const item = await eventually(async () => (await itemsOf(id)).find(({ state }) => state === "waiting"));
    const { approvals } = await desk.jonas.listApprovals({ status: "pending", team: "board" });
    const approval = approvals.find(({ action }) => action === item.via);
    if (!approval) throw new Error("nobody was asked");
    expect(cancelsOf(paid.payment)).toBe(0);
    await desk.jonas.decideApproval({ id: approval.id, verdict: "approve", reason: "the board agrees" });
    expect((await desk.settled(id, "done")).counts).toEqual({ compensated: 1 });
    expect(cancelsOf(paid.payment)).toBe(1);
  });
});

describe("who says yes", () => {
  it("is never whoever made the plan or started it", async () => {
    await desk.pay("own", "o1");
    const plan = await desk.maria.planRecall({ selector: run("own") });
    const { id, approval } = await desk.otto.startRecall({ plan });
    const yes = { id: approval, verdict: "approve" as const, reason: "mine" };
    await expect(desk.maria.decideApproval(yes)).rejects.toMatchObject({ code: "forbidden" });
    expect((await desk.otto.readRecall({ id })).status).toBe("waiting");
    await desk.jonas.decideApproval({ ...yes, verdict: "reject", reason: "not this one" });
    const recall = await desk.settled(id, "rejected");
    expect(recall.reason).toMatch(/jonas \(finance\) said no: not this one/);
  });

  it("is two people above the limit", async () => {
    const paid = await desk.pay("far", "x1", { amountMinor: 100_001 });
    const { id, approval } = await desk.otto.startRecall({ plan: await desk.plan(run("far")) });
    const yes = { id: approval, verdict: "approve" as const, reason: "seen" };
    expect((await desk.jonas.decideApproval(yes)).status).toBe("pending");
    await expect(desk.jonas.decideApproval(yes)).rejects.toMatchObject({ code: "conflict" });
    expect(cancelsOf(paid.payment)).toBe(0);
    await desk.maria.decideApproval(yes);
    await desk.settled(id, "done");
    expect(cancelsOf(paid.payment)).toBe(1);
  });

  it("is somebody who can still be found, or the recall is not begun", async () => {
    await desk.pay("alone", "x2", { amountMinor: 100_001 });
    const plan = await desk.maria.planRecall({ selector: run("alone") });
    await expect(desk.otto.startRecall({ plan })).rejects.toMatchObject({ code: "conflict" });
  });
});

describe("a plan", () => {
  it("is refused when a word of it was changed, when it has expired, and when it was started before", async () => {
    await desk.pay("plan", "p1");
    const plan = await desk.plan(run("plan"));
    const [item] = plan.items;
    if (!item) throw new Error("no item");
    const altered = { ...plan, items: [{ ...item, choice: "leave" as const }] };
    await expect(desk.otto.startRecall({ plan: altered })).rejects.toMatchObject({
      code: "conflict",
      place: "$.plan.digest",
    });
    await expect(desk.otto.startRecall({ plan: reseal({ ...plan, expiresAt: plan.madeAt }) })).rejects.toMatchObject({
      code: "conflict",
      place: "$.plan.expiresAt",
    });
    const forged = { ...item, compensation: { tool: "shop.ship", arguments: { order: "mine" } } };
    await expect(desk.otto.startRecall({ plan: reseal({ ...plan, items: [forged] }) })).rejects.toMatchObject({
      code: "conflict",
      place: "$.plan.items",
    });
    await desk.otto.startRecall({ plan });
    await expect(desk.otto.startRecall({ plan })).rejects.toMatchObject({ code: "conflict", place: "$.plan.id" });
  });

  it("is stale when something has relied on it since, before it is started and before it is begun", async () => {
    await desk.pay("stale", "st1");
    const plan = await desk.plan(run("stale"));
    await desk.pay("stale", "st2");
    await expect(desk.otto.startRecall({ plan })).rejects.toMatchObject({ code: "conflict" });
    const fresh = await desk.plan(run("stale"));
    const { id, approval } = await desk.otto.startRecall({ plan: fresh });
    const third = await desk.pay("stale", "st3");
    await desk.jonas.decideApproval({ id: approval, verdict: "approve", reason: "seen" });
    expect((await desk.settled(id, "stale")).reason).toMatch(/picture has moved/);
    expect(cancelsOf(third.payment)).toBe(0);
  });
});

describe("stops", () => {
  it("of the agent and its kind do not hold a recall; of tool, object and everything do, and it says so", async () => {
    const { payment } = await desk.pay("stopped", "so1");
    const agent = await desk.otto.createStop({ scope: { kind: "agent", agent: "clerk" }, reason: "wrong refunds" });
    const tool = await desk.otto.createStop({ scope: { kind: "tool", tool: "shop.cancel" }, reason: "bank is closed" });
    const id = await desk.recall(run("stopped"));
    expect((await desk.settled(id, "paused")).reason).toMatch(/bank is closed/);
    expect(cancelsOf(payment)).toBe(0);
    await desk.otto.liftStop({ id: tool.id });
    const entity = await desk.otto.createStop({ scope: { kind: "entity", entity: "order:so1" }, reason: "in court" });
    await desk.otto.resumeRecall({ id, reason: "the bank has opened" });
    // The object of what is taken back counts, not only that of the call that does it.
    expect((await desk.settled(id, "paused")).reason).toMatch(/in court/);
    await desk.otto.liftStop({ id: entity.id });
    await desk.otto.resumeRecall({ id, reason: "the court has decided" });
    expect((await desk.settled(id, "done")).counts).toEqual({ compensated: 1 });
    expect(cancelsOf(payment)).toBe(1);
    await desk.otto.liftStop({ id: agent.id });
  });

  it("hold also what has been begun and judged, and not yet been sent", async () => {
    const { payment } = await desk.pay("race", "ra1", { tool: "shop.pay_checked" });
    const gate = holdLookUps();
    const id = await desk.recall(run("race"));
    await gate.arrived;
    const stop = await desk.otto.createStop({ scope: { kind: "all" }, reason: "incident" });
    gate.open();
    expect((await desk.settled(id, "paused")).reason).toMatch(/incident/);
    expect(cancelsOf(payment)).toBe(0);
    await desk.otto.liftStop({ id: stop.id });
    await desk.otto.resumeRecall({ id, reason: "over" });
    await desk.settled(id, "done");
    expect(cancelsOf(payment)).toBe(1);
  });
});

describe("callers", () => {
  it("that are agents or of another tenant have no part in it", async () => {
    await desk.pay("others", "ot1");
    const plan = await desk.plan(run("others"));
    const { id } = await desk.otto.startRecall({ plan });
    const agent = desk.clerk;
    const calls = await Promise.allSettled([
      agent.planRecall({ selector: run("others") }),
      agent.startRecall({ plan }),
      agent.readRecall({ id }),
      agent.cancelRecall({ id, reason: "mine" }),
      agent.listRecallTasks({}),
      agent.readRecallReceipt({ id }),
    ]);
    for (const call of calls) expect(call).toMatchObject({ status: "rejected", reason: { code: "forbidden" } });
    const elsewhere = await desk.otherTenant();
    await expect(elsewhere.readRecall({ id })).rejects.toMatchObject({ code: "not_found" });
    await expect(elsewhere.cancelRecall({ id, reason: "no" })).rejects.toMatchObject({ code: "not_found" });
    await expect(elsewhere.listRecallItems({ id })).rejects.toMatchObject({ code: "not_found" });
    await expect(elsewhere.startRecall({ plan })).rejects.toMatchObject({ code: "not_found" });
    expect((await elsewhere.listRecalls({})).recalls).toEqual([]);
    await desk.otto.cancelRecall({ id, reason: "enough" });
  });

  it("cannot pose as the principal that recalls", async () => {
    const admin = desk.server.admin;
    await expect(admin.createKey({ for: { kind: "agent", name: "recall" } })).rejects.toMatchObject({
      code: "not_found",
    });
  });
});

describe("cancelling", () => {
  it("holds what has been begun and judged, and not yet been sent", async () => {
    const { payment } = await desk.pay("called-off", "co1", { tool: "shop.pay_checked" });
    const gate = holdLookUps();
    const id = await desk.recall(run("called-off"));
    await gate.arrived;
    await desk.otto.cancelRecall({ id, reason: "no" });
    gate.open();
    const recall = await accountedFor(id);
    expect(recall.counts).toEqual({ not_begun: 1 });
    expect(cancelsOf(payment)).toBe(0);
  });

  it("begins nothing more, ends what is under way, and accounts for both", async () => {
    const first = await desk.pay("cancelled", "ca1");
    const second = await desk.pay("cancelled", "ca2");
    const gate = createGate();
    desk.interfere = async ({ path }) => {
      if (path.endsWith("/cancellation")) await gate.pass();
      return undefined;
    };
    const id = await desk.recall(run("cancelled"));
    await gate.arrived;
    expect((await desk.otto.cancelRecall({ id, reason: "they were right" })).status).toBe("cancelled");
    gate.open();
    desk.interfere = () => undefined;
    const recall = await accountedFor(id);
    expect(recall).toMatchObject({ status: "cancelled", counts: { compensated: 1, not_begun: 1 } });
    expect([cancelsOf(second.payment), cancelsOf(first.payment)]).toEqual([1, 0]);
    await expect(desk.otto.resumeRecall({ id, reason: "no" })).rejects.toMatchObject({ code: "conflict" });
    const { receipt } = await desk.otto.readRecallReceipt({ id });
    expect(receipt).toMatchObject({ status: "cancelled", reason: "otto: they were right" });
  });
});

const accountedFor = (id: RecallPlan["id"]): Promise<Recall> =>
  eventually(async () => {
    const now = await desk.otto.readRecall({ id });
    return now.receipt ? now : undefined;
  });

/** Holds the look-up that stands between the beginning of a compensation and its leave to be sent. */
function holdLookUps(): Gate {
  const gate = createGate();
  desk.interfere = async ({ method }) => {
    if (method === "GET") await gate.pass();
    return undefined;
  };
  return gate;
}

async function budgetUsed(): Promise<number> {
  const [row] = await desk.sql<{ used: string }>("select coalesce(sum(used_minor), 0) as used from budget_windows");
  return Number(row?.used);
}

function reseal(plan: RecallPlan): RecallPlan {
  const { digest: _, ...rest } = plan;
  return { ...rest, digest: sha256Hex(canonicalJson(JSON.parse(JSON.stringify(rest)))) };
}
