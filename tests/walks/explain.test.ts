/** "Why did it do this?" is answered from the ledger: whoever changes a working row afterwards is told on. */
import type { ActionId, Explanation } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createGate, type Desk, openDesk, refund } from "../support/desk.ts";

let desk: Desk;
let clerk: Client;
let maria: Client;

beforeAll(async () => {
  desk = await openDesk();
  ({ client: clerk } = await desk.server.agent("clerk"));
  ({ client: maria } = await desk.server.person("maria"));
});
afterAll(() => desk.close());

const explain = (id: ActionId): Promise<Explanation> => desk.server.admin.explainAction({ id });
const doubts = /ledger/;

async function done(account: string): Promise<{ id: ActionId; before: Explanation }> {
  const { id, status } = await clerk.proposeAction(refund(account, 1500));
  expect(status).toBe("done");
  return { id, before: await explain(id) };
}

/** Changes one field of the working record, as somebody with all rights in the database may. */
async function rewrite(id: ActionId, change: (record: Record<string, unknown>) => object): Promise<void> {
  const [row] = await desk.sql<{ record: string }>("select record from actions where id = $1", [id]);
  const record = JSON.parse(row?.record ?? "{}") as Record<string, unknown>;
  await desk.sql("update actions set record = $2 where id = $1", [
    id,
    JSON.stringify({ ...record, ...change(record) }),
  ]);
}

describe("row and ledger agree", () => {
  it("on what was done, refused, failed, is in doubt, and waits, before and after the yes", async () => {
    const calls: readonly (readonly [status: string, call: Parameters<Client["proposeAction"]>[0]])[] = [
      ["done", { ...refund("same", 1500), confidence: 0.25, rationale: "it was double", run: "run-1" }],
      ["done", { tool: "shop.get", arguments: { id: "same" } }],
      ["refused", { tool: "shop.none", arguments: {} }],
      ["refused", { tool: "shop.get", arguments: { no: 1 } }],
      ["waiting", refund("held", 60_000)],
    ];
    for (const [expected, call] of calls) {
      const { id, status } = await clerk.proposeAction(call);
      expect(status).toBe(expected);
      const told = await explain(id);
      expect(told.sentence).not.toMatch(doubts);
      expect(told.action).toEqual(await desk.server.admin.readAction({ id }));
    }
    const { approvals } = await maria.listApprovals({ status: "pending" });
    for (const { id } of approvals) await maria.decideApproval({ id, verdict: "approve", reason: "good" });
    const after = await clerk.proposeAction({ ...refund("held", 60_000), waitMs: 5000 });
    expect(after.status).toBe("done");
    expect((await explain(after.id)).sentence).toMatch(/^Carried out: .*approved by maria/);
  });

  it("on a failure, on what is in doubt, and on what a person said of it", async () => {
    desk.interfere = () => ({ status: 422, body: { error: "no such invoice" } });
    const failed = await clerk.proposeAction({ tool: "shop.note", arguments: { text: "fails" } });
    desk.interfere = () => ({ status: 500, body: {} });
    const doubtful = await clerk.proposeAction({ tool: "shop.blind", arguments: { text: "in doubt" } });
    desk.interfere = () => undefined;
    expect([failed.status, doubtful.status]).toEqual(["failed", "unknown"]);
    for (const { id } of [failed, doubtful]) {
      const told = await explain(id);
      expect(told.sentence).not.toMatch(doubts);
      expect(told.action).toEqual(await desk.server.admin.readAction({ id }));
    }
    await desk.server.admin.resolveAction({ id: doubtful.id, happened: true, reason: "seen", result: { ok: 1 } });
    const told = await explain(doubtful.id);
    expect(told.sentence).not.toMatch(doubts);
    expect(told.action).toMatchObject({ status: "done", result: { ok: 1 } });
  });

  it("while a walk is under way", async () => {
    const gate = createGate();
    desk.interfere = async ({ method }) => {
      if (method === "POST") await gate.pass();
      return undefined;
    };
    const call = clerk.proposeAction({ tool: "shop.note", arguments: { text: "slow" } });
    await gate.arrived;
    const { actions } = await desk.server.admin.listActions({ status: "running" });
    const told = await explain(actions[0]?.id as ActionId);
    gate.open();
    await call;
    desk.interfere = () => undefined;
    expect(told.sentence).toMatch(/^Not over yet/);
  });
});

describe("the working row was changed", () => {
  it("in its record: the ledger is shown, and the difference named", async () => {
    const { id, before } = await done("a");
    await rewrite(id, ({ decision }) => ({ decision: { ...(decision as object), reasons: [] } }));
    const told = await explain(id);
    expect(told.sentence).toBe(
      `The working row differs from the ledger in decision; the ledger is shown. ${before.sentence}`,
    );
    expect(told.action).toEqual(before.action);
  });

  it("in every other part of it", async () => {
    const { id, before } = await done("b");
    await rewrite(id, () => ({ facts: [], lineage: [{}], amount: { minor: 1, currency: "EUR" }, entity: undefined }));
    await desk.sql(
      `update actions set status = 'refused', result = '"none"', agent = 'reader', tool = 'shop.get', confidence = 1,
                          arguments = '{}', arguments_digest = 'x', run = 'r', rationale = 'because' where id = $1`,
      [id],
    );
    const told = await explain(id);
    expect(told.sentence).toBe(
      "The working row differs from the ledger in agent, tool, arguments, the arguments' digest, run, confidence, " +
        "rationale, facts, lineage, amount, entity, status and result; the ledger is shown. " +
        before.sentence,
    );
    expect(told.action).toEqual(before.action);
  });

  it("in a failure that never was, or an end that has not come", async () => {
    const { id, before } = await done("c");
    await rewrite(id, () => ({ error: { code: "x", message: "It failed.", retryable: false } }));
    expect((await explain(id)).action).toEqual(before.action);
    await desk.sql("update actions set status = 'failed' where id = $1", [id]);
    expect((await explain(id)).sentence).toContain("differs from the ledger in status and error");
    const held = await clerk.proposeAction(refund("c-held", 60_000));
    await desk.sql("update actions set status = 'done' where id = $1", [held.id]);
    const told = await explain(held.id);
    expect(told.action.status).toBe("waiting");
    expect(told.sentence).toContain("differs from the ledger in status; the ledger is shown. Held for finance");
  });
});

describe("the ledger was changed", () => {
  it("a body that no longer fits its hash tells nothing", async () => {
    const { id, before } = await done("d");
    await desk.sql(
      `update ledger_bodies b set body = replace(body, '"effect":"allow"', '"effect":"deny"') from ledger_entries e
       where e.action = $1 and e.kind = 'started' and (b.day, b.chain, b.seq) = (e.day, e.chain, e.seq)`,
      [id],
    );
    const told = await explain(id);
    expect(told.sentence).toMatch(
      /^Entry \d+ of [-\d]+\/\w+ in the ledger was changed after it was written \(body\); what it held is told by the working row\. Carried/,
    );
    expect(told.action).toEqual(before.action);
  });

  it("entries that are gone are missed", async () => {
    const { id } = await done("e");
    await desk.sql("delete from ledger_entries where action = $1", [id]);
    const told = await explain(id);
    expect(told.sentence).toMatch(/^The ledger does not tell how it ended; the working row is shown\./);
    expect(told.proof).toEqual([]);
  });
});
