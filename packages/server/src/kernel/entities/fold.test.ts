/** The picture of a business object: what stands after any order of beginnings and ends, and that it can be made anew. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { beginEffect, endEffect, type NewEffect, rebuildPicture } from "./fold.ts";
import { emptyPicture, type Picture } from "./picture.ts";

const id = (n: number): `act_${string}` => `act_${String(n).padStart(32, "0")}`;
const effect = (seq: number, more: Partial<NewEffect> = {}): NewEffect => ({
  id: id(seq),
  seq,
  by: { kind: "agent", name: "a" },
  at: new Date(seq * 1000).toISOString(),
  status: "started",
  ...more,
});
const made = (...effects: readonly NewEffect[]): Picture => rebuildPicture(effects);
const standing = ({ effects }: Picture): (string | undefined)[] => effects.filter((e) => e.stands).map((e) => e.state);
const held = ({ effects }: Picture): string[] => effects.filter((e) => e.holds).map((e) => e.by.name);
const done = { status: "done" } as const;
const eur = (minor: number) => ({ amount: { minor, currency: "EUR" } });

describe("what may have happened", () => {
  it("stands from its start, and no longer once it is known to have failed", () => {
    const started = beginEffect(emptyPicture, effect(1, { state: "paid", flow: "out", ...eur(500) }));
    expect(standing(started)).toEqual(["paid"]);
    expect(started.net["EUR"]).toEqual({ inMinor: 0, outMinor: 0, maybeInMinor: 0, maybeOutMinor: 500 });
    const unknown = endEffect(started, id(1), "unknown");
    expect(standing(unknown)).toEqual(["paid"]);
    expect(unknown.net["EUR"]?.maybeOutMinor).toBe(500);
    const failed = endEffect(unknown, id(1), "failed");
    expect(standing(failed)).toEqual([]);
    expect(failed.net["EUR"]).toEqual({ inMinor: 0, outMinor: 0, maybeInMinor: 0, maybeOutMinor: 0 });
    expect(endEffect(started, id(1), "done").net["EUR"]).toMatchObject({ outMinor: 500, maybeOutMinor: 0 });
  });

  it("takes nothing away: only what is done ends a state or releases a hold", () => {
    const before = made(effect(1, { ...done, state: "flagged", hold: "place" }));
    const ending = effect(2, {
      by: { kind: "agent", name: "b" },
      state: "cleared",
      ends: ["flagged"],
      hold: "release",
    });
    const started = beginEffect(before, ending);
    expect([standing(started), held(started)]).toEqual([["flagged", "cleared"], ["a"]]);
    const over = endEffect(started, id(2), "done");
    expect([standing(over), held(over)]).toEqual([["cleared"], []]);
    expect(standing(endEffect(started, id(2), "failed"))).toEqual(["flagged"]);
  });

  it("is not ended by another's later effect, but by a person's word, and by either once it is known to be done", () => {
    const doubtful = effect(1, { status: "unknown", state: "paid" });
    const ends = { ...done, ends: ["paid"] };
    expect(standing(made(doubtful, effect(2, ends)))).toEqual(["paid"]);
    expect(standing(made({ ...doubtful, ...done }, effect(2, ends)))).toEqual([]);
    expect(standing(made(doubtful, effect(2, { ...ends, by: { kind: "person", name: "maria" } })))).toEqual([]);
  });
});

describe("what stands", () => {
  it("is of the object itself: what was only touched carries the amount and no state", () => {
    const touched = made(effect(1, { ...done, touched: true, state: "paid", hold: "place", flow: "out", ...eur(7) }));
    expect([standing(touched), held(touched)]).toEqual([[], []]);
    expect(touched.net["EUR"]?.outMinor).toBe(7);
  });

  it("is said once by each actor, and by two actors twice", () => {
    const again = made(
      effect(1, { ...done, state: "flagged", hold: "place" }),
      effect(2, { ...done, state: "flagged", hold: "place" }),
    );
    expect([standing(again), held(again)]).toEqual([["flagged"], ["a"]]);
    const two = made(
      effect(1, { ...done, state: "flagged" }),
      effect(2, { ...done, state: "flagged", by: { kind: "agent", name: "b" } }),
    );
    expect(standing(two)).toEqual(["flagged", "flagged"]);
  });

  it("releases one hold where one is named, all otherwise", () => {
    const holds = [
      effect(1, { ...done, hold: "place" }),
      effect(2, { ...done, hold: "place", by: { kind: "agent", name: "b" } }),
    ];
    expect(held(made(...holds, effect(3, { ...done, hold: "release", releases: id(1) })))).toEqual(["b"]);
    expect(held(made(...holds, effect(3, { ...done, hold: "release" })))).toEqual([]);
  });

  it("comes back when what ended it is compensated, and the money of both is gone", () => {
    const flagged = effect(1, { ...done, state: "flagged" });
    const cleared = effect(2, { ...done, state: "cleared", ends: ["flagged"], flow: "out", ...eur(100) });
    const back = effect(3, { ...done, by: { kind: "recall", name: "recall" }, flow: "in", ...eur(100) });
    const picture = made(flagged, { ...cleared, compensatedBy: id(3) }, back);
    expect(standing(picture)).toEqual(["flagged"]);
    expect(picture.net["EUR"] ?? { inMinor: 0, outMinor: 0 }).toMatchObject({ inMinor: 0, outMinor: 0 });
  });
});

describe("what is kept at hand", () => {
  it("is bounded, and no actor can push another's effects out", () => {
    const others = [effect(1, { ...done, by: { kind: "agent", name: "quiet" } })];
    const noisy = Array.from({ length: 500 }, (_, at) =>
      effect(at + 2, { ...done, by: { kind: "agent", name: "noisy" } }),
    );
    const picture = made(...others, ...noisy);
    expect(picture.effects.length).toBeLessThan(20);
    expect(picture.effects[0]?.by.name).toBe("quiet");
    expect(picture.truncated).toBe(false);
  });

  it("says so when more stands than is kept", () => {
    const holds = Array.from({ length: 100 }, (_, at) =>
      effect(at + 1, { ...done, hold: "place", by: { kind: "agent", name: `agent-${at}` } }),
    );
    expect(made(...holds.slice(0, 90)).truncated).toBe(false);
    expect(made(...holds)).toMatchObject({ truncated: true });
  });
});

describe("a picture kept step by step", () => {
  const states = ["flagged", "paid", "delayed"];
  const step = fc.record({
    by: fc.constantFrom("a", "b", "c"),
    person: fc.boolean(),
    state: fc.option(fc.constantFrom(...states), { nil: undefined }),
    ends: fc.subarray(states, { maxLength: 2 }),
    hold: fc.option(fc.constantFrom("place" as const, "release" as const), { nil: undefined }),
    flow: fc.option(fc.constantFrom("in" as const, "out" as const), { nil: undefined }),
    minor: fc.integer({ min: 0, max: 1000 }),
    touched: fc.boolean(),
    status: fc.constantFrom("done" as const, "failed" as const, "unknown" as const),
  });

  it("is the picture made of the whole history, and its net is the sum of what was done", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        let picture = emptyPicture;
        const history = steps.map((one, at): NewEffect => {
          const given = effect(at + 1, {
            by: { kind: one.person ? "person" : "agent", name: one.by },
            ...(one.state === undefined ? {} : { state: one.state }),
            ends: one.ends,
            ...(one.hold === undefined ? {} : { hold: one.hold }),
            ...(one.flow === undefined ? {} : { flow: one.flow, ...eur(one.minor) }),
            ...(one.touched ? { touched: true } : {}),
          });
          const status = one.person ? "done" : one.status;
          // As the store does it: an agent's effect begins and then ends, a person's is on record as done.
          picture = one.person
            ? beginEffect(picture, { ...given, status })
            : endEffect(beginEffect(picture, given), given.id, status);
          return { ...given, status };
        });
        expect(picture).toEqual(rebuildPicture(history));
        const sum = (flow: string, status: string): number =>
          history
            .filter((e) => e.flow === flow && e.status === status)
            .reduce((all, e) => all + (e.amount?.minor ?? 0), 0);
        const net = picture.net["EUR"] ?? { inMinor: 0, outMinor: 0, maybeInMinor: 0, maybeOutMinor: 0 };
        expect(net).toEqual({
          inMinor: sum("in", "done"),
          outMinor: sum("out", "done"),
          maybeInMinor: sum("in", "unknown"),
          maybeOutMinor: sum("out", "unknown"),
        });
      }),
      { numRuns: 200 },
    );
  });
});
