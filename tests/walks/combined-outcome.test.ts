/** Three agents, each right alone: what others did to the same business object is seen, held for people, and shown. */
import type { ActionAnswer, EntityRecord } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { type Desk, eventually, openDesk } from "../support/desk.ts";
import { guardPack, payablesFiles } from "../support/payables-desk.ts";

let desk: Desk;
let flagger: Client;
let delayer: Client;
let crediter: Client;
let maria: Client;

beforeAll(async () => {
  desk = await openDesk({ files: payablesFiles(guardPack) });
  [flagger, delayer, crediter] = (await Promise.all(
    ["flagger", "delayer", "crediter"].map(async (name) => (await desk.server.agent(name)).client),
  )) as [Client, Client, Client];
  maria = (await desk.server.person("maria")).client;
});
afterAll(() => desk.close());
afterEach(() => {
  desk.interfere = () => undefined;
});

const flag = (invoice: string) =>
  flagger.proposeAction({ tool: "desk.flag", arguments: { invoice, why: "two prices" } });
const delay = (invoice: string) =>
  delayer.proposeAction({ tool: "desk.delay", arguments: { invoice, vendor: `v-${invoice}` } });
const credit = (invoice: string, minor = 120_000, client = crediter) =>
  client.proposeAction({ tool: "desk.credit", arguments: { invoice, vendor: `v-${invoice}`, minor } });
const read = (invoice: string): Promise<EntityRecord> => desk.server.admin.readEntity({ entity: `invoice:${invoice}` });
const rules = (answer: ActionAnswer): string[] =>
  (answer.decision?.reasons ?? []).flatMap(({ effect, policy }) => (effect === "allow" ? [] : (policy?.id ?? "none")));
const ended = (id: ActionAnswer["id"]) =>
  eventually(async () => {
    const action = await desk.server.admin.readAction({ id });
    return action.status !== "waiting" && action.status !== "running" && action;
  });
const approve = (answer: ActionAnswer) =>
  maria.decideApproval({ id: answer.approval ?? "apr_", verdict: "approve", reason: "agreed with the vendor" });

describe("three actions on one invoice", () => {
  it("are each allowed alone", async () => {
    expect((await flag("alone-1")).status).toBe("done");
    expect((await delay("alone-2")).status).toBe("done");
    expect((await credit("alone-3")).status).toBe("done");
  });

  it("together: the credit is held, and the agent, the approver, the record and the ledger name the other two", async () => {
    const [flagged, delayed] = [await flag("4711"), await delay("4711")];
    expect([flagged.status, delayed.status]).toEqual(["done", "done"]);
    const held = await credit("4711");
    expect(held).toMatchObject({ status: "waiting", decision: { effect: "escalate", approvers: ["reviewers"] } });
    expect(rules(held)).toEqual(["guard-contradiction"]);
    const reason = held.decision?.reasons.find(({ policy }) => policy?.id === "guard-contradiction");
    expect(reason?.effects).toMatchObject([
      {
        id: flagged.id,
        by: { kind: "agent", name: "flagger" },
        tool: "desk.flag",
        state: "flagged",
        entity: "invoice:4711",
      },
      { id: delayed.id, by: { kind: "agent", name: "delayer" }, tool: "desk.delay", state: "payment_delayed" },
    ]);
    for (const word of [flagged.id, delayed.id, "flagger desk.flag", "delayer desk.delay", "payment_delayed"])
      expect(reason?.detail).toContain(word);
    expect(desk.effects("invoice", "4711").map(({ path }) => path)).toEqual(["/desk.flag", "/desk.delay"]);

    const { approvals } = await maria.listApprovals({ status: "pending" });
    const asked = approvals.find(({ action }) => action === held.id);
    expect(asked?.reasons).toEqual(held.decision?.reasons);
    expect(asked?.entities?.find(({ entity }) => entity === "invoice:4711")?.effects).toHaveLength(2);
    const { sentence, action } = await desk.server.admin.explainAction({ id: held.id });
    expect(sentence).toContain(flagged.id);
    expect(sentence).toContain(delayed.id);
    expect(action.entities?.map(({ entity }) => entity)).toEqual(["invoice:4711", "vendor:v-4711"]);
    const [entry] = await desk.sql<{ body: string }>(
      `select body from ledger_entries e join ledger_bodies using (tenant, day, chain, seq)
       where e.action = $1 and e.kind = 'waiting'`,
      [held.id],
    );
    expect(entry?.body).toContain(flagged.id);
    expect(entry?.body).toContain(delayed.id);

    await approve(held);
    expect(await ended(held.id)).toMatchObject({ status: "done" });
    const { states, conflicts, net, effects } = await read("4711");
    expect(states.map(({ state }) => state)).toEqual(["flagged", "payment_delayed", "credited"]);
    expect(conflicts).toEqual([
      { states: ["flagged", "credited"], effects: [flagged.id, held.id] },
      { states: ["payment_delayed", "credited"], effects: [delayed.id, held.id] },
    ]);
    expect(net).toMatchObject([{ currency: "EUR", outMinor: 120_000 }]);
    expect(effects.map(({ id }) => id)).toEqual([held.id, delayed.id, flagged.id]);
    expect(await desk.server.admin.verifyLedger()).toMatchObject({ ok: true });
  });

  it("the other way round: what came first need not know of what comes after", async () => {
    const credited = await credit("round");
    const late = await delay("round");
    expect(late.status).toBe("waiting");
    expect(late.decision?.reasons.flatMap(({ effects = [] }) => effects)).toMatchObject([{ id: credited.id }]);
  });

  it("of the same agent do not count as others'", async () => {
    await flagger.proposeAction({ tool: "desk.flag", arguments: { invoice: "own", why: "x" } });
    expect((await credit("own", 100, flagger)).status).toBe("done");
  });

  it("no longer stand in the way once the state has ended", async () => {
    await flag("cleared");
    expect((await credit("cleared")).status).toBe("waiting");
    expect((await flagger.proposeAction({ tool: "desk.clear", arguments: { invoice: "cleared" } })).status).toBe(
      "done",
    );
    expect((await credit("cleared", 119_999)).status).toBe("done");
  });
});

describe("a yes", () => {
  it("is stale when somebody has acted on the object since it was asked for", async () => {
    await flag("stale");
    const held = await credit("stale");
    const delayed = await delay("stale");
    expect(delayed.status).toBe("done");
    await approve(held);
    const again = await eventually(async () => {
      const { approvals } = await maria.listApprovals({ status: "pending" });
      return approvals.find(({ action, id }) => action === held.id && id !== held.approval);
    });
    expect(again.reasons.flatMap(({ effects = [] }) => effects).map(({ id }) => id)).toContain(delayed.id);
    const before = await desk.server.admin.readAction({ id: held.id });
    expect(before.status).toBe("waiting");
    await maria.decideApproval({ id: again.id, verdict: "approve", reason: "seen the delay as well" });
    expect(await ended(held.id)).toMatchObject({ status: "done" });
  });

  it("holds when what changed is not what the rule rests on", async () => {
    await flag("firm");
    const held = await credit("firm");
    await maria.noteEntity({ entity: "invoice:firm", reason: "called the vendor", state: "vendor_called" });
    await approve(held);
    expect(await ended(held.id)).toMatchObject({ status: "done", approval: held.approval });
  });

  it("is not needed any more when the contradiction is gone", async () => {
    await flag("gone");
    const held = await credit("gone");
    await maria.noteEntity({ entity: "invoice:gone", reason: "price agreed by phone", ends: ["flagged"] });
    await approve(held);
    expect(await ended(held.id)).toMatchObject({ status: "done" });
  });
});

describe("people", () => {
  it("put on record what they did outside: agents' actions meet it, the ledger has it", async () => {
    const noted = await maria.noteEntity({
      entity: "invoice:paper",
      reason: "paid by cheque",
      state: "paid",
      contradicts: ["credited"],
      money: { minor: 120_000, currency: "EUR", flow: "out" },
      idempotencyKey: "cheque-1",
    });
    expect(noted.effects).toMatchObject([{ by: { kind: "person", name: "maria" }, state: "paid", status: "done" }]);
    const again = await maria.noteEntity({
      entity: "invoice:paper",
      reason: "paid by cheque",
      state: "paid",
      contradicts: ["credited"],
      money: { minor: 120_000, currency: "EUR", flow: "out" },
      idempotencyKey: "cheque-1",
    });
    expect(again.effects).toEqual(noted.effects);
    await expect(
      maria.noteEntity({ entity: "invoice:paper", reason: "another", idempotencyKey: "cheque-1" }),
    ).rejects.toMatchObject({ code: "idempotency_mismatch", place: "$.idempotencyKey" });
    const held = await credit("paper");
    expect(rules(held).toSorted()).toEqual(["guard-contradiction", "guard-paid-twice"]);
    expect(held.decision?.reasons[0]?.detail).toContain("maria, a person, (eff_");
    const entries = await desk.sql(
      "select 1 from ledger_entries where kind = 'entity_effect' and entity = 'invoice:paper'",
    );
    expect(entries).toHaveLength(1);
  });

  it("place holds that hold everybody else, and release them one by one", async () => {
    const placed = await maria.noteEntity({ entity: "invoice:held", reason: "audit", hold: "place" });
    expect(placed.holds).toMatchObject([{ by: { name: "maria" }, reason: "audit" }]);
    const held = await flag("held");
    expect(rules(held)).toEqual(["guard-hold"]);
    const hold = placed.holds[0]?.id;
    await expect(
      maria.noteEntity({ entity: "invoice:held", reason: "r", hold: "release", releases: `eff_${"0".repeat(32)}` }),
    ).rejects.toMatchObject({ code: "conflict", place: "$.releases" });
    await maria.noteEntity({
      entity: "invoice:held",
      reason: "over",
      hold: "release",
      ...(hold ? { releases: hold } : {}),
    });
    expect((await read("held")).holds).toEqual([]);
    expect((await delay("held")).status).toBe("done");
    await expect(maria.noteEntity({ entity: "invoice:held", reason: "r", hold: "release" })).rejects.toMatchObject({
      code: "conflict",
    });
  });

  it("may do so only as operators, on objects that are named as such", async () => {
    const { client: vera } = await desk.server.person("vera");
    await expect(vera.noteEntity({ entity: "invoice:1", reason: "r" })).rejects.toMatchObject({ code: "forbidden" });
    await expect(crediter.readEntity({ entity: "invoice:4711" })).rejects.toMatchObject({ code: "forbidden" });
    await expect(maria.noteEntity({ entity: "no-type", reason: "r" })).rejects.toMatchObject({ code: "invalid_input" });
    await expect(vera.readEntity({ entity: "invoice:never" })).rejects.toMatchObject({ code: "not_found" });
    const odd = "invoice:a/b c?d#ü%2F";
    await maria.noteEntity({ entity: odd, reason: "odd name" });
    expect((await vera.readEntity({ entity: odd })).entity).toBe(odd);
  });
});

describe("an effect whose end is unknown", () => {
  it("counts as done until a person says otherwise, for money above all", async () => {
    desk.interfere = ({ path }) => (path === "/desk.blind" ? "reset" : undefined);
    const doubtful = await crediter.proposeAction({ tool: "desk.blind", arguments: { invoice: "doubt", minor: 500 } });
    expect(doubtful.status).toBe("unknown");
    expect((await read("doubt")).net).toMatchObject([{ outMinor: 0, maybeOutMinor: 500 }]);
    const held = await credit("doubt", 500, flagger);
    expect(rules(held).toSorted()).toEqual(["guard-in-doubt", "guard-paid-twice"]);
    expect(held.decision?.reasons.map(({ detail }) => detail).join()).toContain("its end is unknown");
    expect((await delay("doubt")).status).toBe("waiting");

    await maria.resolveAction({ id: doubtful.id, happened: false, reason: "not in the bank's list" });
    const after = await read("doubt");
    expect(after).toMatchObject({ states: [], net: [{ outMinor: 0, maybeOutMinor: 0 }] });
    expect(after.effects.find(({ id }) => id === doubtful.id)?.status).toBe("failed");
    expect((await credit("doubt", 501, flagger)).status).toBe("done");
  });

  it("is ended by what came after it, once it is known to have happened", async () => {
    desk.interfere = ({ path }) => (path === "/desk.blind" ? "reset" : undefined);
    const doubtful = await crediter.proposeAction({ tool: "desk.blind", arguments: { invoice: "late", minor: 500 } });
    await maria.noteEntity({ entity: "invoice:late", reason: "taken back at the counter", ends: ["credited"] });
    await maria.resolveAction({ id: doubtful.id, happened: true, reason: "in the bank's list" });
    expect(await read("late")).toMatchObject({ states: [], net: [{ outMinor: 500, maybeOutMinor: 0 }] });
  });
});

describe("a stop on a business object", () => {
  it("stops what only touches it as well", async () => {
    const stop = await maria.createStop({ scope: { kind: "entity", entity: "vendor:v-stopped" }, reason: "fraud?" });
    const answer = await credit("stopped");
    expect(answer.status).toBe("refused");
    expect(answer.decision?.reasons.map(({ code }) => code)).toContain("stopped");
    await maria.liftStop({ id: stop.id });
  });
});

describe("what an action touches", () => {
  it("must be named, or the action is refused", async () => {
    const answer = await crediter.proposeAction({
      tool: "desk.credit",
      arguments: { invoice: "nameless", vendor: "", minor: 1 },
    });
    expect(answer.decision?.reasons).toMatchObject([{ code: "missing_input" }]);
  });
});
