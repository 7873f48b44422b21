/** What an agent may by its level and stage, and what a permit asks of it: reasons, and values that stay hidden. */
import type { Client } from "@airworthy/sdk";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";

import { type Desk, openDesk, refund } from "../support/desk.ts";
import { shopFiles } from "../support/shop.ts";

const agentDocument = (name: string, stage: string, level: string): string => `
apiVersion: airworthy/v1
kind: Agent
name: ${name}
purpose: A test of stages
owner: maria
stage: ${stage}
level: ${level}
tools: [shop.get, shop.note, shop.refund, shop.probed, shop.find]
`;
const cast = [
  ["learner", "production", "intern"],
  ["shadow", "shadow", "senior"],
  ["rehearsing", "rehearsal", "senior"],
  ["canary", "canary", "junior"],
  ["explains", "production", "senior"],
  ["blinkered", "production", "senior"],
  ["veiled", "production", "senior"],
] as const;
const bound = new Set<string>(["explains", "blinkered", "veiled"]);
const allowed = cast.filter(([name]) => !bound.has(name)).map(([name]) => name);
const files = {
  ...shopFiles,
  "cast.yaml": cast.map(([name, stage, level]) => agentDocument(name, stage, level)).join("---"),
  "cast.cedar": `
${allowed.map((name) => `@id("${name}-may") permit (principal == Airworthy::Agent::"${name}", action, resource);`).join("\n")}

@id("explains-may")
@rationale("required")
permit (principal == Airworthy::Agent::"explains", action, resource);

@id("blinkered-may")
@mask("$.iban, $.owner.name")
permit (principal == Airworthy::Agent::"blinkered", action, resource);

@id("veiled-may")
@mask("$.status")
permit (principal == Airworthy::Agent::"veiled", action, resource);
`,
};
const iban = "DE02120300000000202051";
const hidden = "[hidden by policy]";

let desk: Desk;
const clients: Record<string, Client> = {};

beforeAll(async () => {
  desk = await openDesk({ files });
  for (const [name] of cast) clients[name] = (await desk.server.agent(name)).client;
});
afterAll(() => desk.close());
afterEach(() => {
  desk.interfere = () => undefined;
});

const of = (name: string): Client => {
  const client = clients[name];
  if (!client) throw new Error(`no agent ${name}`);
  return client;
};
const note = (text: string) => ({ tool: "shop.note", arguments: { text } });
const read = (id: string) => ({ tool: "shop.get", arguments: { id } });

describe("levels and stages", () => {
  it("an intern reads and changes nothing", async () => {
    expect((await of("learner").proposeAction(read("a1"))).status).toBe("done");
    const answer = await of("learner").proposeAction(note("by an intern"));
    expect(answer.status).toBe("refused");
    expect(answer.decision?.reasons).toContainEqual(expect.objectContaining({ code: "level_cap" }));
    expect(desk.effects("text", "by an intern")).toEqual([]);
  });

  it("shadow and rehearsal are judged and recorded, and not carried out", async () => {
    for (const name of ["shadow", "rehearsing"]) {
      expect((await of(name).proposeAction(read("a1"))).status).toBe("done");
      const answer = await of(name).proposeAction(note(`by ${name}`));
      expect(answer).toMatchObject({ status: "shadowed", decision: { effect: "allow" } });
      expect(answer.result).toBeUndefined();
      expect(desk.effects("text", `by ${name}`)).toEqual([]);
      const { effect, proof, sentence } = await desk.server.admin.explainAction({ id: answer.id });
      expect(effect).toBeUndefined();
      expect(proof.map(({ kind }) => kind)).toEqual(["finished"]);
      expect(sentence).toContain("not carried out");
    }
  });

  it("a shadow asks nobody: what would wait is shadowed, and what would be refused is refused", async () => {
    const wouldWait = await of("shadow").proposeAction(refund("sh", 60_000));
    expect(wouldWait).toMatchObject({ status: "shadowed", decision: { effect: "escalate", approvers: ["finance"] } });
    expect((await desk.server.admin.listApprovals({ status: "pending" })).approvals).toEqual([]);
    desk.status["sh-blocked"] = "blocked";
    expect((await of("shadow").proposeAction(refund("sh-blocked", 100))).status).toBe("refused");
    expect(desk.shop.writes().filter(({ path }) => path === "/refunds")).toEqual([]);
  });

  it("canary and production act", async () => {
    expect((await of("canary").proposeAction(note("by a canary"))).status).toBe("done");
    expect(desk.effects("text", "by a canary")).toHaveLength(1);
  });

  it("a tool that is not the agent's is refused in the words of one that does not exist", async () => {
    const [others, none] = [
      await of("canary").proposeAction({ tool: "shop.blind", arguments: { text: "x" } }),
      await of("canary").proposeAction({ tool: "shop.nosuch", arguments: { text: "x" } }),
    ];
    expect([others.status, none.status]).toEqual(["refused", "refused"]);
    const words = (answer: typeof none, tool: string) =>
      answer.decision?.reasons.map(({ code, detail }) => [code, detail.replace(tool, "…")]);
    expect(words(others, "shop.blind")).toEqual(words(none, "shop.nosuch"));
  });
});

describe("obligations", () => {
  it("a rationale that is required is asked for, and recorded", async () => {
    const without = await of("explains").proposeAction(note("why"));
    expect(without.status).toBe("refused");
    expect(without.decision?.reasons).toContainEqual(expect.objectContaining({ code: "rationale_required" }));
    const blank = await of("explains").proposeAction({ ...note("why"), rationale: "   " });
    expect(blank.status).toBe("refused");
    const given = await of("explains").proposeAction({ ...note("why"), rationale: "The customer asked for it." });
    expect(given.status).toBe("done");
    expect(desk.effects("text", "why")).toHaveLength(1);
    const { action } = await desk.server.admin.explainAction({ id: given.id });
    expect(action.rationale).toBe("The customer asked for it.");
  });

  /** Nothing that the store keeps of an action may tell what its agent must not see. */
  async function expectUntold(): Promise<void> {
    for (const [table, column] of [
      ["actions", "result"],
      ["actions", "record"],
      ["ledger_bodies", "body"],
    ]) {
      const rows = await desk.sql(`select 1 from ${table} where position($1 in ${column}) > 0`, [iban]);
      expect([table, column, rows.length]).toEqual([table, column, 0]);
    }
  }

  it("values are masked in what a read answers, and wherever it is kept", async () => {
    desk.interfere = ({ path }) =>
      path === "/accounts/masked"
        ? { body: { id: "masked", status: "active", iban, owner: { name: "A. Person", city: "Ghent" } } }
        : undefined;
    const answer = await of("blinkered").proposeAction(read("masked"));
    expect(answer.result).toEqual({
      id: "masked",
      status: "active",
      iban: hidden,
      owner: { name: hidden, city: "Ghent" },
    });
    expect((await desk.server.admin.readAction({ id: answer.id })).result).toEqual(answer.result);
    await expectUntold();
  });

  it("a masked fact is judged and told to people, and its agent hears it nowhere", async () => {
    desk.status["veiled"] = "vip";
    const seen = await of("veiled").proposeAction(read("veiled"));
    expect(seen.result).toMatchObject({ status: hidden });
    const done = await of("veiled").proposeAction(refund("veiled", 100));
    expect(done.status).toBe("done");
    // Not "agent": what it was not shown is nothing that it could have believed, or be told the change of.
    expect((await desk.server.admin.readAction({ id: done.id })).facts).toMatchObject([
      { value: "vip", how: "lookup" },
    ]);
    const own = await of("veiled").readAction({ id: done.id });
    expect(own).toMatchObject({ status: "done", facts: [], lineage: [] });
    const { actions } = await of("veiled").listActions({});
    expect(actions.map(({ id }) => id)).toEqual(expect.arrayContaining([seen.id, done.id]));
    expect(JSON.stringify([seen, done, own, actions])).not.toContain("vip");
  });

  it("values are masked in what a write answers, in its failure, and in what a look-up finds of it", async () => {
    desk.interfere = ({ path }) => (path === "/notes" ? { status: 201, body: { id: "n", iban } } : undefined);
    expect((await of("blinkered").proposeAction(note("masked"))).result).toEqual({ id: "n", iban: hidden });
    desk.interfere = ({ path }) => (path === "/notes" ? { status: 409, body: { error: "taken", iban } } : undefined);
    const failed = await of("blinkered").proposeAction(note("masked failure"));
    expect(failed).toMatchObject({ status: "failed", result: { error: "taken", iban: hidden } });
    desk.interfere = ({ path }) => {
      if (path === "/probed") return "reset";
      return path === "/effects" ? { body: { effects: [{ id: "p", iban }] } } : undefined;
    };
    const found = await of("blinkered").proposeAction({ tool: "shop.probed", arguments: { text: "masked" } });
    expect(found).toMatchObject({ status: "done", result: { id: "p", iban: hidden } });
    await expectUntold();
  });
});
