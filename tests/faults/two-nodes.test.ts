/** Two servers on one database: what one is told binds the other, and what one leaves behind the other takes up. */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { approvalAboveMinor } from "../support/faults-config.ts";
import { actionOf, eventually, type Node, startNode, untilStatus } from "../support/faults-node.ts";
import { createServerProcess, type ServerProcess } from "../support/faults-process.ts";

let node: Node;
let other: ServerProcess;

beforeAll(async () => {
  node = await startNode();
  const env = { DESK_URL: node.desk.url, DATABASE_URL: node.database.databaseUrl() };
  const dataDir = path.join(node.place.folder, "other");
  other = await createServerProcess({ place: node.place, dataDir, env, publish: false });
  other.spawn();
  await other.untilHealthy();
});
afterAll(async () => {
  await other.kill();
  await node.close();
});
afterEach(async () => {
  node.desk.mishap = () => "none";
  node.desk.accountDelayMs = 0;
  await other.kill();
  other.spawn();
  await other.untilHealthy();
});

const effectsOf = (ref: string) => node.desk.effects.filter((effect) => effect.ref === ref);
const onOther = () => other.client(node.key);

describe("a stop set on one node", () => {
  it("denies what the other has decided and not yet redeemed, and what it decides next", async () => {
    node.desk.accountDelayMs = 1500;
    const heard = onOther().proposeAction({ tool: "desk.checked", arguments: { ref: "far", account: "acme" } });
    await sleep(700);
    const admin = node.server.admin();
    const stop = await admin.createStop({ scope: { kind: "all" }, reason: "stop everything" });
    const next = await onOther().proposeAction({ tool: "desk.pay", arguments: { ref: "next", amountMinor: 1 } });
    const answers = [await heard, next];
    await admin.liftStop({ id: stop.id });
    for (const answer of answers) {
      expect(answer.status).toBe("refused");
      expect(answer.decision?.reasons.map((reason) => reason.code)).toContain("stopped");
    }
    expect(effectsOf("far")).toHaveLength(0);
    expect(effectsOf("next")).toHaveLength(0);
  });
});

describe("a node that dies", () => {
  it("leaves an effect behind that the other carries to its end under the same key", async () => {
    node.desk.mishap = () => "slow_answer";
    const heard = onOther().proposeAction({ tool: "desk.pay", arguments: { ref: "left", amountMinor: 1 } });
    const lost = expect(heard).rejects.toMatchObject({ retryable: true });
    await eventually(() => effectsOf("left").length === 1);
    await other.kill();
    await lost;
    node.desk.mishap = () => "none";
    const admin = node.server.admin();
    const { id } = await actionOf(admin, "left");
    expect(await untilStatus(admin, id, ["done"])).toMatchObject({ status: "done", result: { ref: "left" } });
    expect(effectsOf("left")).toHaveLength(1);
  });

  it("leaves a question behind that can be answered on the other", async () => {
    const large = { ref: "question", amountMinor: approvalAboveMinor + 1 };
    const asked = await onOther().proposeAction({ tool: "desk.pay", arguments: large });
    await other.kill();
    const admin = node.server.admin();
    await admin.decideApproval({ id: asked.approval ?? "apr_", verdict: "approve", reason: "fine" });
    expect(await untilStatus(admin, asked.id, ["done"])).toMatchObject({ status: "done" });
    expect(effectsOf("question")).toHaveLength(1);
  });
});

describe("a node that is frozen past its claim and wakes up", () => {
  it("finds that the other has taken over, and changes nothing any more", async () => {
    node.desk.mishap = () => "slow_answer";
    const heard = onOther()
      .proposeAction({ tool: "desk.pay", arguments: { ref: "zombie", amountMinor: 1 } })
      .then(
        (answer) => ({ status: answer.status, retryable: true }),
        (error: { retryable: boolean }) => ({ status: "failed", retryable: error.retryable }),
      );
    await eventually(() => effectsOf("zombie").length === 1);
    other.freeze();
    node.desk.mishap = () => "none";
    const admin = node.server.admin();
    const { id } = await actionOf(admin, "zombie");
    expect(await untilStatus(admin, id, ["done"])).toMatchObject({ status: "done" });
    other.thaw();
    expect((await heard).retryable).toBe(true);
    await other.untilHealthy();
    const again = await onOther().proposeAction({ tool: "desk.pay", arguments: { ref: "zombie", amountMinor: 1 } });
    expect(again).toMatchObject({ id, status: "done" });
    expect(effectsOf("zombie")).toHaveLength(1);
    const { proof } = await admin.explainAction({ id });
    expect(proof.map((entry) => entry.kind)).toEqual(["started", "finished"]);
  });
});

describe("two approvers on two nodes", () => {
  it("at once give one effect, and the second is told that it was decided", async () => {
    const large = { ref: "race", amountMinor: approvalAboveMinor + 1 };
    const asked = await node.agent.proposeAction({ tool: "desk.pay", arguments: large });
    const admin = node.server.admin();
    const [maria, jonas] = await Promise.all(
      ["maria", "jonas"].map((name) => admin.createKey({ for: { kind: "person", name } })),
    );
    const decision = { id: asked.approval ?? "apr_", verdict: "approve" as const, reason: "fine" };
    const heard = await Promise.allSettled([
      node.server.client(maria?.key ?? "").decideApproval(decision),
      other.client(jonas?.key ?? "").decideApproval(decision),
    ]);
    expect(heard.map((one) => one.status).toSorted()).toEqual(["fulfilled", "rejected"]);
    expect(heard.find((one) => one.status === "rejected")).toMatchObject({ reason: { code: "conflict" } });
    expect(await untilStatus(admin, asked.id, ["done"])).toMatchObject({ status: "done" });
    expect(effectsOf("race")).toHaveLength(1);
  });
});
