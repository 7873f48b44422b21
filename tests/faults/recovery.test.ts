/** A server that dies at the worst moments: what it had begun is carried to an honest end by the next one. */
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { approvalAboveMinor } from "../support/faults-config.ts";
import { actionOf, eventually, type Node, startNode, untilStatus } from "../support/faults-node.ts";

let node: Node;

beforeAll(async () => {
  node = await startNode();
});
afterAll(() => node.close());
afterEach(() => {
  node.desk.mishap = () => "none";
  node.desk.accountDelayMs = 0;
});

const effectsOf = (ref: string) => node.desk.effects.filter((effect) => effect.ref === ref);
const callsOf = (ref: string) => node.desk.calls.filter((call) => call.ref === ref);

describe("killed after the effect and before its end is written", () => {
  it("repeats with the key, asks the probe, or says that nobody knows", async () => {
    node.desk.mishap = () => "slow_answer";
    const proposals = [
      node.agent.proposeAction({ tool: "desk.pay", arguments: { ref: "late-pay", amountMinor: 1 } }),
      node.agent.proposeAction({ tool: "desk.post", arguments: { ref: "late-post" } }),
      node.agent.proposeAction({ tool: "desk.send", arguments: { ref: "late-send" } }),
    ];
    const heard = Promise.allSettled(proposals);
    await eventually(() => ["late-pay", "late-post", "late-send"].every((ref) => effectsOf(ref).length === 1));
    await node.crash();
    expect((await heard).map((one) => one.status)).toEqual(["rejected", "rejected", "rejected"]);
    node.desk.mishap = () => "none";

    // The agent asks again: it joins what is under way and hears the end; nothing is done anew.
    const again = await Promise.all([
      node.agent.proposeAction({ tool: "desk.pay", arguments: { ref: "late-pay", amountMinor: 1 } }),
      node.agent.proposeAction({ tool: "desk.post", arguments: { ref: "late-post" } }),
      node.agent.proposeAction({ tool: "desk.send", arguments: { ref: "late-send" } }),
    ]);
    expect(again.map((answer) => answer.status)).toEqual(["done", "done", "unknown"]);
    expect(again[0]?.result).toMatchObject({ ref: "late-pay" });
    for (const ref of ["late-pay", "late-post", "late-send"]) expect(effectsOf(ref)).toHaveLength(1);
    const [first, repeat] = callsOf("late-pay");
    expect(repeat?.key).toBe(first?.key);
    expect(callsOf("late-post")).toHaveLength(1);
    expect(callsOf("late-send")).toHaveLength(1);
  });

  it("repeats nothing while a stop is in force", async () => {
    node.desk.mishap = () => "slow_answer";
    const heard = node.agent.proposeAction({ tool: "desk.pay", arguments: { ref: "stopped", amountMinor: 1 } });
    const lost = expect(heard).rejects.toMatchObject({ retryable: true });
    await eventually(() => effectsOf("stopped").length === 1);
    const admin = node.server.admin();
    const stop = await admin.createStop({ scope: { kind: "tool", tool: "desk.pay" }, reason: "looking into it" });
    await node.crash();
    await lost;
    const { id } = await actionOf(admin, "stopped");
    const end = await untilStatus(admin, id, ["unknown", "done", "failed"]);
    await admin.liftStop({ id: stop.id });
    expect(end.status).toBe("unknown");
    expect(end.error?.message).toContain(stop.id);
    expect(callsOf("stopped")).toHaveLength(1);
  });
});

describe("an upstream that answers too late", () => {
  it("is not taken for one that did nothing: the probe is asked once more after it had its time", async () => {
    node.desk.mishap = () => "late";
    const answer = await node.agent.proposeAction({ tool: "desk.post", arguments: { ref: "slow-post" } });
    expect(answer.status).toBe("done");
    expect(effectsOf("slow-post")).toHaveLength(1);
    expect(callsOf("slow-post")).toHaveLength(1);
  });

  it("is asked again under the same key", async () => {
    let calls = 0;
    node.desk.mishap = () => (calls++ === 0 ? "slow_answer" : "none");
    const answer = await node.agent.proposeAction({
      tool: "desk.pay",
      arguments: { ref: "slow-pay", amountMinor: 1 },
    });
    expect(answer.status).toBe("done");
    expect(effectsOf("slow-pay")).toHaveLength(1);
    expect(new Set(callsOf("slow-pay").map((call) => call.key)).size).toBe(1);
  });
});

describe("killed before redemption", () => {
  it("does nothing, and says so", async () => {
    node.desk.accountDelayMs = 2500;
    const heard = node.agent.proposeAction({ tool: "desk.checked", arguments: { ref: "early", account: "acme" } });
    const lost = expect(heard).rejects.toMatchObject({ retryable: true });
    await sleep(800);
    await node.crash();
    await lost;
    const admin = node.server.admin();
    const { id } = await actionOf(admin, "early");
    expect(await untilStatus(admin, id, ["failed"])).toMatchObject({
      status: "failed",
      error: { code: "interrupted" },
    });
    expect(effectsOf("early")).toHaveLength(0);
  });
});

describe("an approval", () => {
  const large = (ref: string) => ({
    tool: "desk.pay",
    arguments: { ref, amountMinor: approvalAboveMinor + 1 },
  });

  it("asked for before a crash can be given after it, and is carried out once", async () => {
    const asked = await node.agent.proposeAction(large("asked-before"));
    expect(asked.status).toBe("waiting");
    await node.crash();
    const admin = node.server.admin();
    await admin.decideApproval({ id: asked.approval ?? "apr_", verdict: "approve", reason: "fine" });
    const end = await untilStatus(admin, asked.id, ["done"]);
    expect(end).toMatchObject({ status: "done", result: { ref: "asked-before" } });
    expect(effectsOf("asked-before")).toHaveLength(1);
  });

  it("given right before a crash is carried out after it, once", async () => {
    const asked = await node.agent.proposeAction(large("given-before"));
    // The walk that follows the yes gets nowhere before the kill.
    node.desk.mishap = () => "slow_answer";
    await node.server.admin().decideApproval({ id: asked.approval ?? "apr_", verdict: "approve", reason: "fine" });
    await node.crash();
    node.desk.mishap = () => "none";
    const end = await untilStatus(node.server.admin(), asked.id, ["done"]);
    expect(end.status).toBe("done");
    expect(effectsOf("given-before")).toHaveLength(1);
  });
});

describe("a stop set while an action is decided and not yet redeemed", () => {
  it("denies it", async () => {
    node.desk.accountDelayMs = 1500;
    const heard = node.agent.proposeAction({ tool: "desk.checked", arguments: { ref: "overtaken", account: "acme" } });
    await sleep(500);
    const admin = node.server.admin();
    const stop = await admin.createStop({ scope: { kind: "tool", tool: "desk.checked" }, reason: "no more" });
    const answer = await heard;
    await admin.liftStop({ id: stop.id });
    expect(answer.status).toBe("refused");
    expect(answer.decision?.reasons.map((reason) => reason.code)).toContain("stopped");
    expect(effectsOf("overtaken")).toHaveLength(0);
  });
});
