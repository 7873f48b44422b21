/** Effects whose end is in doubt: tried again under the same key, looked up, or honestly unknown until a person says. */
import type { ActionAnswer } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { type Desk, eventually, openDesk, refund } from "../support/desk.ts";
import type { Reply } from "../support/upstream.ts";

let desk: Desk;
let clerk: Client;
let maria: Client;
let jonas: Client;
let clerkKey: string;

beforeAll(async () => {
  desk = await openDesk();
  ({ client: clerk, key: clerkKey } = await desk.server.agent("clerk"));
  ({ client: maria } = await desk.server.person("maria"));
  ({ client: jonas } = await desk.server.person("jonas"));
});
afterAll(() => desk.close());
afterEach(() => {
  desk.interfere = () => undefined;
});

const call = (tool: string, text: string) => ({ tool, arguments: { text } });
/** The upstream takes these requests, in order, and answers each so; the rest is answered as ever. */
function answers(path: string, ...replies: Reply[]): void {
  desk.interfere = (request) => (request.path === path ? replies.shift() : undefined);
}
const keysOf = (text: string) => desk.effects("text", text).map(({ headers }) => headers["idempotency-key"]);
const stateOf = async (id: ActionAnswer["id"]): Promise<string | undefined> =>
  (await desk.server.admin.explainAction({ id })).effect?.state;

describe("an answer that was lost after the effect", () => {
  it("is asked for again under the same key where the system knows keys", async () => {
    answers("/notes", "reset");
    const answer = await clerk.proposeAction(call("shop.note", "lost"));
    expect(answer).toMatchObject({ status: "done", result: { id: expect.any(String) } });
    expect(keysOf("lost")).toEqual([answer.id, answer.id]);
  });

  it("is looked up where the system can be asked: found", async () => {
    answers("/probed", "reset");
    const answer = await clerk.proposeAction(call("shop.probed", "found"));
    expect(answer).toMatchObject({ status: "done", result: { text: "found" } });
    expect(desk.effects("text", "found")).toHaveLength(1);
    expect(await stateOf(answer.id)).toBe("done");
  });

  it("is looked up: not there, so nothing was done and the call may be made again", async () => {
    desk.interfere = ({ path }) => {
      if (path === "/probed") return "reset";
      return path === "/effects" ? { body: { effects: [] } } : undefined;
    };
    const answer = await clerk.proposeAction(call("shop.probed", "not found"));
    expect(answer).toMatchObject({ status: "failed", error: { code: "not_done", retryable: true } });
    desk.interfere = () => undefined;
    const again = await clerk.proposeAction(call("shop.probed", "not found"));
    expect(again.status).toBe("done");
    expect(again.id).not.toBe(answer.id);
  });

  it("stays unknown when the look-up cannot tell", async () => {
    desk.interfere = ({ path }) => {
      if (path === "/probed") return "reset";
      return path === "/effects" ? { status: 404, body: { error: "no such index" } } : undefined;
    };
    const answer = await clerk.proposeAction(call("shop.probed", "cannot tell"));
    expect(answer.status).toBe("unknown");
    desk.interfere = () => undefined;
    expect(await clerk.proposeAction(call("shop.probed", "cannot tell"))).toMatchObject({
      id: answer.id,
      status: "unknown",
    });
    expect(desk.effects("text", "cannot tell")).toHaveLength(1);
  });
});

describe("an effect of which nobody can know", () => {
  const doubt = async (text: string): Promise<ActionAnswer> => {
    answers("/blind", "reset");
    const answer = await clerk.proposeAction(call("shop.blind", text));
    expect(answer.status).toBe("unknown");
    return answer;
  };

  it("is never tried again: repeats hear unknown, after a restart too", async () => {
    const { id } = await doubt("dark");
    expect(await clerk.proposeAction(call("shop.blind", "dark"))).toMatchObject({ id, status: "unknown" });
    await desk.server.restart();
    clerk = desk.client(clerkKey);
    maria = desk.client((await desk.server.person("maria")).key);
    jonas = desk.client((await desk.server.person("jonas")).key);
    expect(await clerk.proposeAction(call("shop.blind", "dark"))).toMatchObject({ id, status: "unknown" });
    expect(desk.effects("text", "dark")).toHaveLength(1);
    expect((await clerk.proposeAction(call("shop.blind", "something else"))).status).toBe("done");
  });

  it("is settled by a person's word, once; the proposer collects it, once", async () => {
    const { id } = await doubt("it was");
    const word = { id, happened: true, reason: "seen on the statement", result: { id: "b-1" } };
    await expect(jonas.resolveAction(word)).rejects.toMatchObject({ code: "forbidden" });
    await expect(clerk.resolveAction(word)).rejects.toMatchObject({ code: "forbidden" });
    const settled = await maria.resolveAction(word);
    expect(settled).toMatchObject({ status: "done", result: { id: "b-1" } });
    expect(settled.error).toBeUndefined();
    await expect(maria.resolveAction({ ...word, happened: false })).rejects.toMatchObject({ code: "conflict" });
    const collected = await clerk.proposeAction(call("shop.blind", "it was"));
    expect(collected).toMatchObject({ id, status: "done", result: { id: "b-1" } });
    expect(collected.error).toBeUndefined();
    expect(desk.effects("text", "it was")).toHaveLength(1);
    const { effect, proof } = await desk.server.admin.explainAction({ id });
    expect(effect?.state).toBe("done");
    expect(proof.map(({ kind }) => kind)).toEqual(["started", "finished", "resolved"]);
    expect((await clerk.proposeAction(call("shop.blind", "it was"))).id).not.toBe(id);
  });

  it("is free again when a person says that it did not happen", async () => {
    const { id } = await doubt("it was not");
    const settled = await maria.resolveAction({ id, happened: false, reason: "not on the statement" });
    expect(settled).toMatchObject({ status: "failed", error: { code: "not_done", retryable: true } });
    expect(await clerk.proposeAction(call("shop.blind", "it was not"))).toMatchObject({ id, status: "failed" });
    const again = await clerk.proposeAction(call("shop.blind", "it was not"));
    expect(again.status).toBe("done");
    expect(again.id).not.toBe(id);
  });

  it("cannot be settled when it is not in doubt", async () => {
    const { id } = await clerk.proposeAction(call("shop.note", "clear"));
    await expect(maria.resolveAction({ id, happened: false, reason: "oh no" })).rejects.toMatchObject({
      code: "conflict",
    });
    expect((await clerk.readAction({ id })).status).toBe("done");
  });
});

describe("an action whose walker went silent", () => {
  /** As if its node had died now: the claim is run out, so that whoever looks takes it over. */
  const die = (id: string) => desk.sql("update actions set walk_until = now() where id = $1", [id]);

  it("after its effect is brought to its end under the same key, with object and error as they should be", async () => {
    // The database takes the start and refuses the end, as if the node had died in between.
    await desk.sql(`create function refuse_end() returns trigger language plpgsql as $$
      begin
        if new.status = 'done' and new.arguments like '%inv-silent%' then raise exception 'no'; end if;
        return new;
      end $$`);
    await desk.sql("create trigger refuse before update on actions for each row execute function refuse_end()");
    await expect(clerk.proposeAction(refund("silent", 100))).rejects.toMatchObject({ code: "internal" });
    const { actions } = await clerk.listActions({ status: "running" });
    const id = actions[0]?.id;
    if (id === undefined) throw new Error("nothing runs");
    await desk.sql("drop trigger refuse on actions");
    await die(id);
    const record = await eventually(async () => {
      const now = await clerk.readAction({ id });
      return now.status === "done" && now;
    });
    expect(record).toMatchObject({ entity: { type: "invoice", id: "inv-silent" }, amount: { minor: 100 } });
    const sent = desk.effects("account", "silent");
    expect(sent.map(({ headers }) => headers["idempotency-key"])).toEqual([id, id]);
    const { actions: byObject } = await desk.server.admin.listActions({ entity: "invoice:inv-silent" });
    expect(byObject.map((action) => action.id)).toEqual([id]);
    const entries = await desk.sql("select kind, entity from ledger_entries where action = $1 order by seq", [id]);
    expect(entries).toEqual([
      { kind: "started", entity: "invoice:inv-silent" },
      { kind: "finished", entity: "invoice:inv-silent" },
    ]);
    expect(await clerk.proposeAction(refund("silent", 100))).toMatchObject({ id, status: "done" });
    expect(desk.effects("account", "silent")).toHaveLength(2);
  });

  it("is not sent again when what it rested on has changed meanwhile", async () => {
    await desk.sql(`create or replace function refuse_end() returns trigger language plpgsql as $$
      begin
        if new.status = 'done' and new.arguments like '%inv-changed%' then raise exception 'no'; end if;
        return new;
      end $$`);
    await desk.sql("create trigger refuse before update on actions for each row execute function refuse_end()");
    await expect(clerk.proposeAction(refund("changed", 100))).rejects.toMatchObject({ code: "internal" });
    const { actions } = await clerk.listActions({ status: "running" });
    const id = actions[0]?.id;
    if (id === undefined) throw new Error("nothing runs");
    await desk.sql("drop trigger refuse on actions");
    desk.status["changed"] = "disputed";
    await die(id);
    const record = await eventually(async () => {
      const now = await clerk.readAction({ id });
      return now.status !== "running" && now;
    });
    // The system knows keys and no look-up: so whether the one request landed, only a person can say.
    expect(record.status).toBe("unknown");
    expect(desk.effects("account", "changed")).toHaveLength(1);
  });

  it("after a person's yes and before its effect goes on to its end", async () => {
    const { id, approval } = await clerk.proposeAction(refund("claimed", 60_000));
    await desk.sql("update approvals set status = 'approved' where id = $1", [approval]);
    await desk.sql("update actions set status = 'running', walk = walk + 1, walk_until = now() where id = $1", [id]);
    await eventually(async () => (await clerk.readAction({ id })).status === "done");
    expect(desk.effects("account", "claimed")).toHaveLength(1);
  });

  it("leaves a ledger that verifies", async () => {
    expect(await desk.server.admin.verifyLedger()).toMatchObject({ ok: true });
  });
});

// Last, because so many broken answers open the connector's breaker.
describe("a system that loses every answer", () => {
  it("is unknown when every repeat is lost as well, and what is unknown is not called again by himself", async () => {
    desk.interfere = ({ path }) => (path === "/notes" ? "reset" : undefined);
    const answer = await clerk.proposeAction(call("shop.note", "lost for good"));
    expect(answer).toMatchObject({ status: "unknown", error: { code: "unknown", retryable: false } });
    const sent = keysOf("lost for good");
    expect(new Set(sent)).toEqual(new Set([answer.id]));
    desk.interfere = () => undefined;
    const again = await clerk.proposeAction(call("shop.note", "lost for good"));
    expect(again).toMatchObject({ id: answer.id, status: "unknown" });
    expect(keysOf("lost for good")).toEqual(sent);
  });
});
