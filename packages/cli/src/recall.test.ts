/** Recalls on the command line: what a person reads, what is sent, and with which code it ends. */
import { describe, expect, it } from "vitest";

import { runIn } from "./shell.fixture.ts";

const hex = "0190a0b0c0d07000800000000000abcd";
const ids = { recall: `rcl_${hex}`, task: `tsk_${hex}`, approval: `apr_${hex}`, action: `act_${hex}` };
const at = "2026-03-02T09:29:00.000Z";
const sum = { count: 0, amounts: [], choice: "leave" };
const recall = {
  id: ids.recall,
  status: "paused",
  reason: "Stopped by ana (stp_1): the bank is closed",
  selector: { from: "run", run: "run-17" },
  planDigest: "ab".repeat(32),
  madeBy: "otto",
  startedBy: "otto",
  startedAt: at,
  updatedAt: at,
  approval: ids.approval,
  groups: {
    reversible: { ...sum, count: 4, choice: "compensate" },
    externally_reversible: sum,
    irreversible: sum,
    compensated: sum,
    without_effect: sum,
  },
  total: 4,
  counts: { pending: 1, compensated: 2, failed: 1 },
  openTasks: 1,
  perSecond: 5,
  receipt: false,
};
const item = {
  action: ids.action,
  agent: "billing",
  tool: "payments.refund",
  entity: { type: "invoice", id: "inv-3140" },
  amount: { minor: 17_265, currency: "EUR" },
  group: "reversible",
  choice: "compensate",
  order: 0,
  state: "failed",
  via: ids.action,
  detail: "the refund has left the bank",
};
const task = {
  id: ids.task,
  recall: ids.recall,
  action: ids.action,
  kind: "compensation",
  agent: "billing",
  tool: "payments.refund",
  owner: "maria",
  detail: "the refund has left the bank",
  openedAt: at,
};

describe("airworthy recall", () => {
  it("status says how far it has come, what holds it, and what to do next", async () => {
    const ran = await runIn({ server: () => ({ body: recall }) }, "recall", "status", ids.recall);
    expect(ran.code).toBe(0);
    expect(ran.out).toContain(`PAUSED  ${ids.recall}  from run run-17`);
    expect(ran.out).toContain("2 of 4 settled, 1 task for people");
    expect(ran.out).toContain("held: Stopped by ana (stp_1): the bank is closed");
    expect(ran.out).toContain(`next: airworthy recall resume ${ids.recall}`);
    expect(ran.out).toContain(`next: airworthy recall queue --recall ${ids.recall}`);
  });

  it("status --items cuts neither what was done nor why it stands so, on a narrow terminal either", async () => {
    const server = ({ path }: { path: string }) => ({ body: path.includes("/items") ? { items: [item] } : recall });
    const shell = { outIsTerminal: true, columns: 60 };
    const ran = await runIn({ server, shell }, "recall", "status", ids.recall, "--items");
    expect(ran.out).toContain("payments.refund  invoice:inv-3140  172.65 EUR");
    expect(ran.out).toContain("the refund has left the bank");
    expect(ran.out).toContain(`${ids.action} by ${ids.action}`);
  });

  it("status --follow ends at a pause, and says so by its code", async () => {
    const ran = await runIn({ server: () => ({ body: recall }) }, "recall", "status", ids.recall, "--follow");
    expect(ran.out).toContain("PAUSED");
    expect(ran.code).not.toBe(0);
  });

  it("queue and resolve show the owner and send the words", async () => {
    const listed = await runIn({ server: () => ({ body: { tasks: [task] } }) }, "recall", "queue", "--owner", "maria");
    expect(listed.out).toContain(`${ids.task}  compensation  for maria`);
    expect(listed.asked[0]?.path).toContain("owner=maria");
    const resolution = { outcome: "handled", by: "maria", reason: "called the bank", at };
    const words = ["recall", "resolve", ids.task, "--as", "handled", "--reason", "called the bank"];
    const ran = await runIn({ server: () => ({ body: { ...task, resolution } }) }, ...words);
    expect(ran.asked[0]).toMatchObject({
      path: `/v1/recall-tasks/${ids.task}/resolution`,
      body: { outcome: "handled", reason: "called the bank" },
    });
    expect(ran.out).toContain("handled by maria: called the bank");
  });

  it("names an id of another kind before any server is asked", async () => {
    const ran = await runIn({}, "recall", "cancel", ids.action, "--reason", "no");
    expect(ran.err).toContain("is not a recall's id");
    expect(ran.asked).toEqual([]);
  });
});
