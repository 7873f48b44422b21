/** What policies see of the business objects, what a yes is bound to, and which attributes a policy's text reads. */
import { describe, expect, it } from "vitest";

import { bindEntities } from "./bind-entities.ts";
import { listEntityReads } from "./entity-reads.ts";
import { type NewEffect, rebuildPicture } from "./fold.ts";
import { summariseEntities } from "./summarise.ts";
import type { Asking, SeenEntity } from "./telling.ts";

const hourMs = 3_600_000;
const nowMs = Date.parse("2026-01-08T00:00:00Z");
const id = (n: number): `act_${string}` => `act_${String(n).padStart(32, "0")}`;
const effect = (seq: number, by: string, more: Partial<NewEffect> = {}): NewEffect => ({
  id: id(seq),
  seq,
  by: { kind: "agent", name: by },
  tool: "t",
  at: new Date(nowMs - hourMs).toISOString(),
  status: "done",
  ...more,
});
const seen = (key: string, effects: readonly NewEffect[], touched = false): SeenEntity => ({
  key,
  version: effects.length,
  touched,
  holder: undefined,
  picture: rebuildPicture(effects),
});
const asking: Asking = {
  by: { kind: "agent", name: "me" },
  outcome: { state: "credited", contradicts: ["closed"], flow: "out", window: "24h" },
  nowMs,
};
const eur = (minor: number) => ({ amount: { minor, currency: "EUR" } });
const look = (...entities: readonly SeenEntity[]) =>
  summariseEntities(entities, { ...asking, amount: { minor: 1, currency: "EUR" } });

describe("what policies see", () => {
  it("is of others where it says so, and of contradictions that either side declares", () => {
    const { contradicts, contradictsOwn, states, recent } = look(
      seen("i:1", [
        effect(1, "a", { state: "delayed", contradicts: ["credited"] }),
        effect(2, "b", { state: "closed" }),
        effect(3, "me", { state: "flagged", contradicts: ["credited"] }),
        effect(4, "c", { state: "noted" }),
      ]),
    );
    expect(contradicts).toEqual(["delayed", "closed"]);
    expect(contradictsOwn).toEqual(["flagged"]);
    expect(states).toEqual(["delayed", "closed", "flagged", "noted"]);
    expect(recent).toMatchObject({ count: 3, agents: ["a", "b", "c"], people: [], tools: ["t"] });
  });

  it("counts as recent what is within the window and did not fail, each action once", () => {
    const late = new Date(nowMs - 25 * hourMs).toISOString();
    const both = effect(5, "a", { flow: "out", ...eur(70) });
    const { recent } = look(
      seen("i:1", [
        effect(1, "a", { at: late, flow: "out", ...eur(1000) }),
        effect(2, "a", { status: "failed", flow: "out", ...eur(300) }),
        effect(3, "x", { by: { kind: "person", name: "maria" }, flow: "in", ...eur(40) }),
        effect(4, "b", { flow: "out", amount: { minor: 9, currency: "USD" } }),
        both,
      ]),
      seen("v:1", [{ ...both, seq: 1, touched: true }], true),
    );
    expect(recent).toEqual({
      count: 3,
      agents: ["b", "a"],
      people: ["maria"],
      tools: ["t"],
      inMinor: 40,
      outMinor: 70,
    });
  });

  it("is the worst net of several objects: what may have gone is gone, what may come has not come", () => {
    const { net } = look(
      seen("i:1", [
        effect(1, "a", { flow: "in", ...eur(500) }),
        effect(2, "a", { status: "unknown", flow: "in", ...eur(50) }),
      ]),
      seen(
        "v:1",
        [effect(1, "a", { flow: "out", ...eur(200) }), effect(2, "b", { status: "unknown", flow: "out", ...eur(30) })],
        true,
      ),
    );
    expect(net).toEqual({ inMinor: 0, outMinor: 230, netMinor: -230, totalMinor: 550, currencies: ["EUR"] });
  });

  it("is plain where nothing was done", () => {
    expect(look(seen("i:1", []))).toMatchObject({
      complete: true,
      lastState: "",
      states: [],
      unsettled: 0,
      flow: "out",
    });
  });
});

describe("what a yes is bound to", () => {
  const before = [effect(1, "a", { state: "closed" }), effect(2, "b", { hold: "place" })];
  const bound = (effects: readonly NewEffect[], reads: readonly string[], at = asking) =>
    JSON.stringify(bindEntities([seen("i:1", effects)], at, reads));

  it("is nothing where the policies read nothing", () => {
    expect(bindEntities([seen("i:1", before)], asking, [])).toBeUndefined();
  });

  it("changes with what is read, and with nothing else", () => {
    const noted = [...before, effect(3, "c", { state: "noted" })];
    expect(bound(noted, ["contradicts"])).toBe(bound(before, ["contradicts"]));
    expect(bound(noted, ["holds"])).toBe(bound(before, ["holds"]));
    expect(bound(noted, ["recent"])).not.toBe(bound(before, ["recent"]));
    expect(bound(noted, ["states"])).not.toBe(bound(before, ["states"]));
    expect(bound(noted, ["*"])).not.toBe(bound(before, ["*"]));
    const more = [...before, effect(3, "c", { state: "closed" })];
    expect(bound(more, ["contradicts"])).not.toBe(bound(before, ["contradicts"]));
  });

  it("does not change with time, nor when what was under way is done", () => {
    const two = [effect(1, "a", { at: new Date(nowMs - 23 * hourMs).toISOString() }), effect(2, "b")];
    const later = { ...asking, nowMs: nowMs + 2 * hourMs };
    expect(bound(two, ["recent"], later)).toBe(bound(two, ["recent"]));
    const doubtful = [effect(1, "a", { state: "closed", status: "unknown" })];
    expect(bound(doubtful, ["contradicts"])).toBe(bound([effect(1, "a", { state: "closed" })], ["contradicts"]));
  });
});

describe("what a policy reads", () => {
  it.each([
    ["context.env.entity.holds.isEmpty()", ["holds"]],
    ["context.env.entity.net.outMinor + 1 > 2 && context.env.entity . recent . count > 1", ["net", "recent"]],
    ['context.env["entity"].holds.isEmpty()', ["*"]],
    ['context["env"].entity["holds"].isEmpty()', ["*"]],
    ['context.env["\\u{65}ntity"].holds.isEmpty()', ["*"]],
    ["context.env.entity == context.env.entity", ["*"]],
    ["context.input.entity.holds > 1 // context.env.entity.states", []],
    ['context.env.entityId == "1"', []],
  ])("%s", (condition, reads) => {
    expect(listEntityReads(`permit (principal, action, resource) when { ${condition} };`)).toEqual(reads);
  });
});
