/** What can come between a signed plan and its end: two nodes, doubt, a changed tool, hidden results, an intent without an action. */
import type { RecallId, RecallPlan } from "@airworthy/contract";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { newId } from "../../packages/server/src/kernel/ids.ts";
import { eventually } from "../support/desk.ts";
import { openRecallDesk, recallFiles, type RecallDesk } from "../support/recall-shop.ts";

const input = `
    input:
      type: object
      properties: { order: { type: string }, amountMinor: { type: integer, minimum: 1 } }
      required: [order, amountMinor]
      additionalProperties: false
    request: { method: POST, path: /payments, body: [order, amountMinor] }
    entity: { type: order, id: $.order }
    idempotency: { header: Idempotency-Key, retention: 1h }
    compensate: { tool: till.cancel, with: { payment: $result.id } }`;
/** Its cancelling call has neither key nor probe: an interrupted one is unknown. */
const till = (timeout: string): string => `
apiVersion: airworthy/v1
kind: Connector
name: till
type: http
baseUrl: \${SHOP_URL}
tools:
  - name: till.pay
    effect: write
    reversibility: reversible${input}
  - name: till.pay_masked
    effect: write
    reversibility: reversible
    classes: { till.hidden: [$.id] }${input}
  - name: till.pay_tokenised
    effect: write
    reversibility: reversible
    classes: { till.token: [$.id] }${input}
  - name: till.cancel
    effect: write
    reversibility: irreversible
    timeout: ${timeout}
    input: { type: object, properties: { payment: { type: string } }, required: [payment], additionalProperties: false }
    request: { method: POST, path: "/payments/{payment}/cancellation" }
    entity: { type: payment, id: $.payment }
`;
const rule = (name: string, doing: string): string => `
apiVersion: airworthy/v1
kind: DataRule
name: ${name}
classes: [till.${name}]
to: { agents: any }
do: ${doing}
`;
const files = {
  ...recallFiles,
  "agents.yaml": (recallFiles["agents.yaml"] ?? "").replace(
    "tools: [",
    "tools: [till.pay, till.pay_masked, till.pay_tokenised, ",
  ),
  "till.yaml": till("2s"),
  "data.yaml": [rule("hidden", "mask"), rule("token", "tokenise")].join("---"),
};

let desk: RecallDesk;

beforeAll(async () => {
  desk = await openRecallDesk(files);
});
afterEach(() => {
  desk.interfere = () => undefined;
});
afterAll(() => desk.close());

const run = (name: string) => ({ from: "run" as const, run: name });
const cancels = (payment: string) =>
  desk.shop.writes().filter(({ path }) => path === `/payments/${payment}/cancellation`);
const itemsOf = async (id: RecallPlan["id"]) => (await desk.otto.listRecallItems({ id })).items;
const openTask = (recall: RecallId) =>
  eventually(async () => (await desk.otto.listRecallTasks({ recall })).tasks.find(({ resolution }) => !resolution));

describe("two healthy nodes", () => {
  it("that take the lease from each other in the middle take each action back once, and in order", async () => {
    await desk.server.another();
    const paid = [];
    for (let number = 0; number < 40; number++) paid.push(await desk.pay("raced", `raced-${number}`));
    const id = await desk.recall(run("raced"));
    // A lease runs out whenever a node is slow; here it does all the time, while both go on.
    const over = new AbortController();
    const steal = (async () => {
      while (!over.signal.aborted) {
        await desk.sql("update recalls set lease_until = '-infinity', look_at = '-infinity' where id = $1", [id]);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    const recall = await desk.settled(id, "done");
    over.abort();
    await steal;
    expect(recall.counts).toEqual({ compensated: paid.length });
    expect(paid.map(({ payment }) => desk.payments.get(payment)?.cancelled)).toEqual(paid.map(() => 1));
    // What was sent again after a change of hands carried the key of the first try.
    for (const { payment } of paid) {
      expect(new Set(cancels(payment).map(({ headers }) => headers["idempotency-key"])).size).toBe(1);
    }
    const firsts = [...new Set(desk.shop.writes().map(({ path }) => path))].filter((path) =>
      path.endsWith("/cancellation"),
    );
    const taken = new Set(paid.map(({ payment }) => `/payments/${payment}/cancellation`));
    expect(firsts.filter((path) => taken.has(path))).toEqual([...taken].toReversed());
    const [row] = await desk.sql<{ epoch: number }>("select epoch::int as epoch from recalls where id = $1", [id]);
    expect(row?.epoch).toBeGreaterThan(2);
    // Each node of a test signs checkpoints with a key of its own; entries and chains are what counts here.
    const { faults } = await desk.server.admin.verifyLedger();
    expect(faults.filter(({ field }) => field !== "note")).toEqual([]);
  });
});

describe("a compensation of which nobody knows whether it was done", () => {
  const doubt = async (name: string) => {
    const paid = await desk.pay(name, name, { tool: "till.pay" });
    desk.interfere = ({ path }) => (path === `/payments/${paid.payment}/cancellation` ? "reset" : undefined);
    const id = await desk.recall(run(name));
    const task = await openTask(id);
    return { ...paid, id, task };
  };

  it("goes to its owner's queue and is never sent again, whoever asks", async () => {
    const { id, task, payment, action } = await doubt("doubt");
    expect(task).toMatchObject({ kind: "unknown", owner: "maria", action });
    const [item] = await itemsOf(id);
    expect(item).toMatchObject({ state: "unknown" });
    expect(item?.detail).toMatch(/Nobody knows whether act_.* was done/);
    await expect(
      desk.maria.resolveRecallTask({ id: task.id, outcome: "retry", reason: "try once more" }),
    ).rejects.toMatchObject({ code: "conflict" });
    // Another recall of the same action does not send it either.
    const again = await desk.recall(run("doubt"));
    await eventually(async () => (await desk.otto.readRecall({ id: again })).status === "running");
    await eventually(async () => {
      const [row] = await desk.sql<{ looked: boolean }>(
        "select look_at > '-infinity' as looked from recalls where id = $1",
        [again],
      );
      return row?.looked;
    });
    expect(cancels(payment)).toHaveLength(1);
    const via = item?.via;
    if (via === undefined) throw new Error("the doubtful action is not named");
    await desk.maria.resolveAction({ id: via, happened: true, reason: "the bank says so" });
    expect((await desk.settled(id, "done")).counts).toEqual({ compensated: 1 });
    expect((await desk.settled(again, "done")).counts).toEqual({ compensated: 1 });
    expect((await desk.otto.listRecallTasks({ recall: id })).tasks.filter(({ resolution }) => !resolution)).toEqual([]);
    expect(cancels(payment)).toHaveLength(1);
  });

  it("is tried again only when people have said that it was not done, and then that it shall be", async () => {
    const { id, payment } = await doubt("undone");
    desk.interfere = () => undefined;
    const via = (await itemsOf(id))[0]?.via;
    if (via === undefined) throw new Error("the doubtful action is not named");
    await desk.maria.resolveAction({ id: via, happened: false, reason: "the bank has nothing" });
    const task = await eventually(async () => {
      const { tasks } = await desk.otto.listRecallTasks({ recall: id });
      return tasks.find(({ kind, resolution }) => kind === "compensation" && !resolution);
    });
    expect(cancels(payment)).toHaveLength(1);
    await desk.maria.resolveRecallTask({ id: task.id, outcome: "retry", reason: "the bank has opened" });
    expect((await desk.settled(id, "done")).counts).toEqual({ compensated: 1 });
    expect(cancels(payment)).toHaveLength(2);
    expect(desk.payments.get(payment)?.cancelled).toBe(1);
  });
});

describe("a tool that was changed since people signed", () => {
  it("is not called: the reason stands in the queue, a retry says the same, and a new plan takes it back", async () => {
    const { payment } = await desk.pay("changed", "changed", { tool: "till.pay" });
    const { id, approval } = await desk.otto.startRecall({ plan: await desk.plan(run("changed")) });
    await desk.server.apply({ ...files, "till.yaml": till("3s") });
    await desk.jonas.decideApproval({ id: approval, verdict: "approve", reason: "looked at it" });
    const changed = /^till\.cancel is not as it was when people signed: it was changed or removed since\./;
    const first = await openTask(id);
    expect(first).toMatchObject({ kind: "compensation", owner: "maria" });
    expect(first.detail).toMatch(changed);
    await desk.maria.resolveRecallTask({ id: first.id, outcome: "retry", reason: "perhaps now" });
    const second = await openTask(id);
    expect(second.id).not.toBe(first.id);
    expect(second.detail).toMatch(changed);
    expect(cancels(payment)).toEqual([]);
    const anew = await desk.recall(run("changed"));
    expect((await desk.settled(anew, "done")).counts).toEqual({ compensated: 1 });
    // The first recall hears of it when its person says so.
    await desk.maria.resolveRecallTask({ id: second.id, outcome: "retry", reason: "the other recall has done it" });
    expect((await desk.settled(id, "done")).counts).toEqual({ compensated: 1 });
    expect(cancels(payment)).toHaveLength(1);
  });
});

describe("a result that data rules hid", () => {
  it.each([
    ["masked", "till.pay_masked"],
    ["tokenised", "till.pay_tokenised"],
  ])("(%s) is given to a person, and nothing is sent", async (name, tool) => {
    const { payment, action } = await desk.pay(name, name, { tool });
    const record = await desk.otto.readAction({ id: action });
    expect(JSON.stringify(record.result)).not.toContain(payment);
    const plan = await desk.plan(run(name));
    expect(plan.items[0]).toMatchObject({ choice: "manual", compensation: { tool: "till.cancel" } });
    expect(plan.items[0]?.compensation?.missing).toMatch(/^\$result\.id was masked by a data rule and is not known\./);
    const id = await desk.recall(run(name));
    const task = await openTask(id);
    expect(task).toMatchObject({ kind: "manual", owner: "maria", tool });
    expect(task.detail).toMatch(/masked by a data rule/);
    expect(cancels(payment)).toEqual([]);
    await desk.maria.resolveRecallTask({ id: task.id, outcome: "handled", reason: "cancelled at the till" });
    expect((await desk.settled(id, "done")).counts).toEqual({ handled: 1 });
  });
});

describe("an intent whose node died before it opened the action", () => {
  it("is followed under the id that was written down", async () => {
    const { payment, action } = await desk.pay("intent", "intent");
    const held = await desk.otto.createStop({ scope: { kind: "tool", tool: "shop.cancel" }, reason: "wait" });
    const id = await desk.recall(run("intent"));
    await desk.settled(id, "paused");
    const via = newId("act");
    await desk.sql(
      "update recall_items set state = 'acting', via = $3, attempt = 1 where recall = $1 and action = $2",
      [id, action, via],
    );
    await desk.otto.liftStop({ id: held.id, reason: "go on" });
    await desk.otto.resumeRecall({ id, reason: "go on" });
    expect((await desk.settled(id, "done")).counts).toEqual({ compensated: 1 });
    expect((await itemsOf(id))[0]).toMatchObject({ via, state: "compensated" });
    expect(cancels(payment)).toHaveLength(1);
  });
});
