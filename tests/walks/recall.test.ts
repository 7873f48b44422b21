/** A recall carried out: approved by others than its maker, in reverse order, each action taken back once. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { openRecallDesk, type RecallDesk } from "../support/recall-shop.ts";

let desk: RecallDesk;

beforeAll(async () => {
  desk = await openRecallDesk();
});
afterAll(() => desk.close());

describe("a run that is rolled back", () => {
  it("is taken back in reverse order, once, with a signed receipt and an unbroken ledger", async () => {
    const first = await desk.pay("happy", "h1");
    await desk.clerk.proposeAction({ tool: "shop.look", arguments: { order: "h1" }, run: "happy" });
    const second = await desk.pay("happy", "h2");
    const id = await desk.recall({ from: "run", run: "happy" });
    const recall = await desk.settled(id, "done");
    expect(recall.counts).toEqual({ compensated: 2, left: 1 });
    expect(recall.madeBy).toBe("otto");
    const cancelled = desk.shop.writes().filter(({ path }) => path.endsWith("/cancellation"));
    expect(cancelled.map(({ path }) => path.split("/")[2])).toEqual([second.payment, first.payment]);
    const { receipt } = await desk.otto.readRecallReceipt({ id });
    expect(receipt.approvedBy).toMatchObject([{ by: "jonas", team: "finance" }]);
    expect(receipt.items.map(({ action, state }) => [action, state]).at(-1)).toEqual([first.action, "compensated"]);
    const explained = await desk.server.admin.explainAction({ id: first.action });
    expect(explained.effect?.compensatedBy).toBe(receipt.items.at(-1)?.via);
    expect((await desk.server.admin.verifyLedger()).faults).toEqual([]);
  });
});
