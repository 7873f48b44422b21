/** A person's yes and no: what it does, what it never does, and who may say it. */
import type { ActionAnswer, ActionRecord, Approval } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { createGate, type Desk, eventually, openDesk, refund } from "../support/desk.ts";
import { shopFiles } from "../support/shop.ts";
import type { Reply } from "../support/upstream.ts";

const files = {
  ...shopFiles,
  "budget.yaml": (shopFiles["budget.yaml"] ?? "").replace("1000000", "1000000000"),
  "more-people.yaml": `
apiVersion: airworthy/v1
kind: Person
name: otto
roles: [approver]
`,
  "more-rules.cedar": `
@id("blind-needs-finance")
@approver("finance")
@ttl("PT1S")
forbid (principal, action == Airworthy::Action::"shop.blind", resource)
unless { context.env.approvals.contains("finance") };
`,
};

let desk: Desk;
let clerk: Client;
let maria: Client;
let jonas: Client;
const keys: Record<string, string> = {};

beforeAll(async () => {
  desk = await openDesk({ files });
  keys["clerk"] = (await desk.server.agent("clerk")).key;
  for (const name of ["maria", "jonas", "vera", "otto"]) keys[name] = (await desk.server.person(name)).key;
  connect();
});
afterAll(() => desk.close());

function connect(): void {
  clerk = desk.client(keys["clerk"] ?? "");
  maria = desk.client(keys["maria"] ?? "");
  jonas = desk.client(keys["jonas"] ?? "");
}

async function propose(
  account: string,
  amountMinor = 60_000,
): Promise<{ id: ActionAnswer["id"]; approval: Approval["id"] }> {
  const answer = await clerk.proposeAction(refund(account, amountMinor));
  expect(answer.status).toBe("waiting");
  if (answer.approval === undefined) throw new Error("no approval was asked for");
  return { id: answer.id, approval: answer.approval };
}

const yes = (client: Client, id: Approval["id"]): Promise<Approval> =>
  client.decideApproval({ id, verdict: "approve", reason: "seen and good" });
const no = (client: Client, id: Approval["id"]): Promise<Approval> =>
  client.decideApproval({ id, verdict: "reject", reason: "not this one" });
const ended = (id: ActionAnswer["id"]) =>
  eventually(async () => {
    const record = await clerk.readAction({ id });
    return record.status === "running" || record.status === "waiting" ? undefined : record;
  });
const approvalOf = async (id: Approval["id"]): Promise<Approval> => {
  const { approvals } = await desk.server.admin.listApprovals({ limit: 500 });
  const found = approvals.find((one) => one.id === id);
  if (!found) throw new Error(`${id} is not listed`);
  return found;
};
const refunds = (account: string): number => desk.effects("account", account).length;

describe("a yes", () => {
  it("carries the action out once; the proposer sees it by id and by asking again, and then it is over", async () => {
    const { id, approval } = await propose("yes-1");
    expect(refunds("yes-1")).toBe(0);
    expect((await yes(maria, approval)).status).toBe("approved");
    const record = await ended(id);
    expect(record).toMatchObject({ status: "done", approval });
    expect(refunds("yes-1")).toBe(1);
    const again = await clerk.proposeAction(refund("yes-1", 60_000));
    expect(again).toMatchObject({ id, status: "done", result: record.result });
    // The result was collected: the same call is a new wish, and it needs a new yes.
    const later = await propose("yes-1");
    expect(later.id).not.toBe(id);
    expect(later.approval).not.toBe(approval);
    expect(refunds("yes-1")).toBe(1);
    await expect(yes(jonas, approval)).rejects.toMatchObject({ code: "conflict" });
    expect((await approvalOf(approval)).status).toBe("consumed");
    const { action, proof } = await desk.server.admin.explainAction({ id });
    expect(action.walks).toBe(2);
    expect(proof.map((entry) => entry.kind)).toEqual(["waiting", "approval_decided", "started", "finished"]);
  });

  it("never stretches to other arguments", async () => {
    const { approval } = await propose("stretch");
    const other = await propose("stretch", 60_001);
    expect(other.approval).not.toBe(approval);
    await yes(maria, approval);
    await eventually(() => refunds("stretch") === 1);
    expect((await clerk.readAction({ id: other.id })).status).toBe("waiting");
    const third = await clerk.proposeAction(refund("stretch", 60_002));
    expect(third.status).toBe("waiting");
    expect(desk.effects("account", "stretch").map(({ body }) => body)).toMatchObject([{ amountMinor: 60_000 }]);
  });

  it("is stale when a fact it rests on has changed: asked again, and good for the new value only", async () => {
    desk.status["moved"] = "active";
    const { id, approval } = await propose("moved");
    desk.status["moved"] = "vip";
    await yes(maria, approval);
    const asked = await eventually(async () => {
      const { approval: now } = await clerk.readAction({ id });
      return now !== undefined && now !== approval && now;
    });
    expect((await approvalOf(approval)).status).toBe("stale");
    const fresh = await approvalOf(asked);
    expect(fresh).toMatchObject({ status: "pending", action: id });
    expect(fresh.facts).toMatchObject([{ fact: "shop.status", value: "vip" }]);
    expect(refunds("moved")).toBe(0);
    await yes(jonas, asked);
    expect((await ended(id)).status).toBe("done");
    expect(refunds("moved")).toBe(1);
  });

  it("still works after a restart", async () => {
    const { id, approval } = await propose("restart");
    await desk.server.restart();
    connect();
    expect((await clerk.readAction({ id })).status).toBe("waiting");
    await yes(maria, approval);
    expect((await ended(id)).status).toBe("done");
    expect(refunds("restart")).toBe(1);
  });

  it("is carried out after a restart when the server stopped right after it was given", async () => {
    const { id, approval } = await propose("restart-2");
    // As if the node had died between the yes and the walk.
    await desk.sql("update approvals set status = 'approved' where id = $1", [approval]);
    await desk.server.restart();
    connect();
    expect((await ended(id)).status).toBe("done");
    expect(refunds("restart-2")).toBe(1);
  });
});

describe("a source that is away when the yes comes", () => {
  const codes = (record: Pick<ActionRecord, "decision">): (string | undefined)[] =>
    record.decision?.reasons.map(({ code }) => code) ?? [];
  const readOf = (account: string, reply: Reply) => {
    desk.interfere = ({ path }) => (path === `/accounts/${account}` ? reply : undefined);
  };
  // Busy rather than broken: what is broken closes the way to the whole shop for a while.
  const busy: Reply = { status: 429, body: {} };
  afterEach(() => {
    desk.interfere = () => undefined;
  });

  it("takes nothing back: the action waits on under its approval and goes on by itself", async () => {
    const { id, approval } = await propose("away");
    readOf("away", busy);
    await yes(maria, approval);
    const held = await eventually(async () => {
      const record = await clerk.readAction({ id });
      return codes(record).includes("source_awaited") && record;
    });
    expect(held).toMatchObject({ status: "waiting", approval, decision: { effect: "escalate" } });
    expect(codes(held)).toEqual(["fact_unavailable", "source_awaited"]);
    expect((await desk.server.admin.explainAction({ id })).sentence).toMatch(/^Approved, and not carried out yet: /);
    expect((await approvalOf(approval)).status).toBe("approved");
    expect(await clerk.proposeAction(refund("away", 60_000))).toMatchObject({ id, status: "waiting", approval });
    expect(refunds("away")).toBe(0);
    desk.interfere = () => undefined;
    expect(await ended(id)).toMatchObject({ status: "done", approval });
    expect(refunds("away")).toBe(1);
    expect((await approvalOf(approval)).status).toBe("consumed");
  });

  it("is looked at ever more rarely, not with every round of the sweeper", async () => {
    const { id, approval } = await propose("rarely");
    readOf("rarely", busy);
    await yes(maria, approval);
    const walks = await eventually(async () => {
      const record = await clerk.readAction({ id });
      return record.walks >= 3 && record.status === "waiting" && record.walks;
    });
    const [row] = await desk.sql<{ ms: number }>(
      "select extract(epoch from walk_until - updated_at)::float8 * 1000 as ms from actions where id = $1",
      [id],
    );
    const doubled = 1000 * 2 ** (walks - 2);
    expect(row?.ms).toBeGreaterThanOrEqual(doubled * 0.75);
    expect(row?.ms).toBeLessThanOrEqual(doubled * 1.25 + 1);
    desk.interfere = () => undefined;
    expect((await ended(id)).status).toBe("done");
    expect(refunds("rarely")).toBe(1);
  });

  it("is refused when the approval's time has run out before the source came back", async () => {
    const { id, approval } = await propose("gone");
    readOf("gone", busy);
    await yes(maria, approval);
    await eventually(async () => codes(await clerk.readAction({ id })).includes("source_awaited"));
    await desk.sql("update approvals set expires_at = clock_timestamp() where id = $1", [approval]);
    const record = await ended(id);
    expect(record.status).toBe("refused");
    expect(codes(record)).toEqual(["fact_unavailable", "approval_expired"]);
    expect(record.decision?.reasons[1]?.detail).toMatch(/^finance said yes, and it could not be carried out before /);
    expect((await approvalOf(approval)).status).toBe("expired");
    expect(refunds("gone")).toBe(0);
  });

  it("is no excuse for a source that says no: what it would say again refuses", async () => {
    const { id, approval } = await propose("deleted");
    readOf("deleted", { status: 404, body: {} });
    await yes(maria, approval);
    const record = await ended(id);
    expect(record.status).toBe("refused");
    expect(codes(record)).toEqual(["fact_unavailable"]);
    expect(refunds("deleted")).toBe(0);
  });

  it("does not take back what was promised to people either: after a crash the question stays asked", async () => {
    const { id, approval } = await propose("asked");
    readOf("asked", busy);
    // As if the node had died while it walked.
    await desk.sql("update actions set status = 'running', walk_until = clock_timestamp() where id = $1", [id]);
    await eventually(async () => {
      const record = await clerk.readAction({ id });
      return record.walks > 1 && record.status === "waiting";
    });
    expect((await approvalOf(approval)).status).toBe("pending");
    desk.interfere = () => undefined;
    await yes(maria, approval);
    expect((await ended(id)).status).toBe("done");
    expect(refunds("asked")).toBe(1);
  });
});

describe("a no", () => {
  it("refuses, for good, whatever changes afterwards", async () => {
    const { id, approval } = await propose("no-1");
    expect((await no(maria, approval)).status).toBe("rejected");
    const record = await ended(id);
    expect(record.status).toBe("refused");
    expect(record.decision?.reasons).toContainEqual(expect.objectContaining({ code: "approval_rejected" }));
    desk.status["no-1"] = "vip";
    await expect(yes(jonas, approval)).rejects.toMatchObject({ code: "conflict" });
    expect(await clerk.proposeAction(refund("no-1", 60_000))).toMatchObject({ id, status: "refused" });
    expect(refunds("no-1")).toBe(0);
  });

  it("by one of two teams ends it although the other has said yes", async () => {
    const { id, approval } = await propose("no-2", 600_000);
    await yes(maria, approval);
    await no(jonas, approval);
    expect((await ended(id)).status).toBe("refused");
    expect(refunds("no-2")).toBe(0);
  });

  it("is what silence means", async () => {
    const answer = await clerk.proposeAction({ tool: "shop.blind", arguments: { text: "silence" } });
    expect(answer.status).toBe("waiting");
    const record = await ended(answer.id);
    expect(record.status).toBe("refused");
    expect(record.decision?.reasons).toContainEqual(expect.objectContaining({ code: "approval_expired" }));
    if (answer.approval === undefined) throw new Error("no approval was asked for");
    expect((await approvalOf(answer.approval)).status).toBe("expired");
    await expect(yes(maria, answer.approval)).rejects.toMatchObject({ code: "conflict" });
    expect(desk.effects("text", "silence")).toEqual([]);
  });
});

describe("who may answer", () => {
  it("takes two different people for two teams, and the same person once", async () => {
    const { id, approval } = await propose("two", 600_000);
    expect((await approvalOf(approval)).approvers).toEqual(["finance", "risk"]);
    expect((await yes(maria, approval)).status).toBe("pending");
    await expect(yes(maria, approval)).rejects.toMatchObject({ code: "conflict" });
    expect((await clerk.readAction({ id })).status).toBe("waiting");
    const done = await yes(jonas, approval);
    expect(done.signOffs.map(({ team, by }) => [team, by])).toEqual([
      ["finance", "maria"],
      ["risk", "jonas"],
    ]);
    expect((await ended(id)).status).toBe("done");
    expect(refunds("two")).toBe(1);
  });

  it("lets someone of both teams sign for the one that nobody else can, so that it can be completed", async () => {
    const { id, approval } = await propose("both", 600_000);
    expect((await yes(jonas, approval)).signOffs).toMatchObject([{ team: "risk", by: "jonas" }]);
    expect((await yes(maria, approval)).status).toBe("approved");
    expect((await ended(id)).status).toBe("done");
  });

  it("refuses people outside the teams, viewers and agents", async () => {
    const { id, approval } = await propose("who");
    for (const name of ["otto", "vera", "clerk"]) {
      await expect(yes(desk.client(keys[name] ?? ""), approval)).rejects.toMatchObject({ code: "forbidden" });
    }
    expect((await clerk.readAction({ id })).status).toBe("waiting");
    expect((await approvalOf(approval)).signOffs).toEqual([]);
    await no(maria, approval);
  });
});

describe("races", () => {
  it("between two approvers give one effect", async () => {
    for (let round = 0; round < 5; round++) {
      const account = `race-${round}`;
      const { id, approval } = await propose(account);
      const answers = await Promise.allSettled([yes(maria, approval), yes(jonas, approval)]);
      expect(answers.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
      expect((await ended(id)).status).toBe("done");
      expect(refunds(account)).toBe(1);
    }
  });

  it("between the approver's walk, the sweeper and another node give one effect", async () => {
    const other = await desk.server.another();
    const waiting = await Promise.all([0, 1, 2, 3, 4, 5].map((round) => propose(`sweep-${round}`)));
    const gate = createGate();
    const walking = new Set<string>();
    desk.interfere = async ({ path }) => {
      if (!path.startsWith("/accounts/sweep")) return undefined;
      walking.add(path);
      await gate.pass();
      return undefined;
    };
    // Both nodes' sweepers look every half second, and the looked-at account keeps the walks open meanwhile.
    await Promise.all(
      waiting.map(({ approval }, round) => yes(round % 2 ? maria : other.client(keys["maria"] ?? ""), approval)),
    );
    // On a busy machine the first look-ups have run out of time before the last begins; such a walk comes back by itself.
    await eventually(() => walking.size === waiting.length);
    gate.open();
    for (const [round, { id }] of waiting.entries()) {
      const { status, decision } = await ended(id);
      expect(status, JSON.stringify(decision?.reasons)).toBe("done");
      expect(refunds(`sweep-${round}`)).toBe(1);
    }
    desk.interfere = () => undefined;
  });

  it("do not matter to a held connection: it hears the end on whichever node the yes is given", async () => {
    const other = await desk.server.another();
    const held = clerk.proposeAction({ ...refund("held", 60_000), waitMs: 20_000 });
    const approval = await eventually(async () => {
      const { approvals } = await other.admin.listApprovals({ status: "pending", limit: 500 });
      return approvals.find((one) => one.arguments["account"] === "held");
    });
    await yes(other.client(keys["jonas"] ?? ""), approval.id);
    expect(await held).toMatchObject({ status: "done", approval: approval.id });
    expect(refunds("held")).toBe(1);
  });
});
