/** Tests of how the airline benchmark tells right writes from wrong ones, on cases made by hand. */
import { describe, expect, it } from "vitest";

import type { Airline, CorrectedTask, Reservation, Run } from "../bench/airline/airline-data.ts";
import { carryOut, Refusal } from "../bench/airline/airline-system.ts";
import { createMarker, labelsOf } from "../bench/airline/labels.ts";
import type { JudgedWrite, ReplayedRun } from "../bench/airline/replay.ts";
import { rowOfLabels, rowsOfRules, rowsOfRuns } from "../bench/airline/tally.ts";
import { smallAirline as start } from "./support/small-airline.ts";

const bags = (total: number, nonfree: number, payment = "card") => ({
  name: "update_reservation_baggages",
  args: { reservation_id: "R1", total_baggages: total, nonfree_baggages: nonfree, payment_id: payment },
});
const book = (payment: string) => ({
  name: "book_reservation",
  args: {
    user_id: "ann_1",
    origin: "AAA",
    destination: "BBB",
    flight_type: "one_way",
    cabin: "economy",
    flights: [{ date: "2024-05-20", flight_number: "F1" }],
    passengers: [{ first_name: "Ann", last_name: "One", dob: "1990-01-01" }],
    payment_methods: [{ payment_id: payment, amount: 100 }],
    total_baggages: 0,
    nonfree_baggages: 0,
    insurance: "no",
  },
});
const run: Run = {
  task: 1,
  trial: 0,
  succeeded: false,
  user: "ann_1",
  instruction: "You are ann_1 and you want one more bag on your trip",
  calls: [],
  expected: [bags(1, 1)],
};
const taskOf = (words: string, expected: CorrectedTask["expected"]): CorrectedTask => ({ id: words, words, expected });
const after = (airline: Airline, action: { name: string; args: Reservation | object }): Airline =>
  carryOut(airline, { name: action.name, args: JSON.parse(JSON.stringify(action.args)) }).airline;

describe("labels", () => {
  it("are the corrected ones of the user's task that is most alike, and the first ones where there is none", () => {
    const corrected = [
      taskOf("You are bob_2 and you want one more bag on your trip", [bags(7, 0)]),
      taskOf("You are ann_1 and you want to fly to the sea with your sister in June", [bags(8, 0)]),
      taskOf("You are ann_1 and you want just one more bag on your trip", [{ name: "think", args: {} }, bags(1, 0)]),
    ];
    expect(labelsOf(run, { start, corrected })).toMatchObject({ from: "corrected", expected: [bags(1, 0)] });
    expect(labelsOf(run, { start, corrected: corrected.slice(0, 2) })).toMatchObject({ from: "first" });
  });

  it("that the airline itself would refuse can be met by nothing", () => {
    const labels = labelsOf({ ...run, expected: [bags(1, 1, "unknown")] }, { start, corrected: [] });
    expect(labels.changes).toEqual([]);
  });
});

describe("a write", () => {
  const mark = (expected: Run["expected"]) => createMarker(labelsOf({ ...run, expected }, { start, corrected: [] }));

  it("is right when it does what is expected, once, however the call is spelt and whatever went before", () => {
    const isRight = mark([bags(1, 0), book("gift")]);
    const upgraded = after(start, {
      name: "update_reservation_flights",
      args: {
        reservation_id: "R1",
        cabin: "business",
        flights: [{ flight_number: "F1", date: "2024-05-20" }],
        payment_id: "card",
      },
    });
    expect(isRight(start, upgraded)).toBe(false);
    const withBag = after(upgraded, bags(1, 0));
    expect(isRight(upgraded, withBag)).toBe(true);
    const { flights, ...rest } = book("gift").args;
    const spelt = { ...rest, flights: flights.map((one) => ({ ...one, origin: "AAA" })) };
    const booked = after(withBag, { name: "book_reservation", args: spelt });
    expect(isRight(withBag, booked)).toBe(true);
    expect(isRight(booked, after(booked, book("card")))).toBe(false);
    expect(isRight(start, withBag)).toBe(false);
  });

  it.each([
    ["another payment method", book("card"), book("gift")],
    ["a bag that is charged", bags(1, 1), bags(1, 0)],
    ["another number of bags", bags(2, 0), bags(1, 0)],
  ])("is wrong with %s", (_, done, expected) => expect(mark([expected])(start, after(start, done))).toBe(false));

  it("of which the airline says no happens not at all", () => {
    expect(() => after(start, bags(1, 9, "gift"))).toThrow(Refusal);
    expect(() => after(start, { ...book("card"), args: { ...book("card").args, nonfree_baggages: 1 } })).toThrow(
      "total price is 150, but paid 100",
    );
  });
});

describe("the figures", () => {
  const write = (more: Partial<JudgedWrite>): JudgedWrite => ({
    at: 0,
    name: "cancel_reservation",
    args: {},
    executed: true,
    right: false,
    verdict: "passed",
    rules: [],
    ...more,
  });
  const replayed = (writes: readonly JudgedWrite[], succeeded = false): ReplayedRun => ({
    run: { ...run, succeeded },
    labels: labelsOf(run, { start, corrected: [] }),
    writes,
    answers: { same: 0, cabin: 0, other: 0 },
    heldReads: [],
  });
  const held = { verdict: "denied", rules: ["a-rule"] } as const;
  const runs = [
    replayed([write({}), write(held)]),
    replayed([write({})]),
    replayed([write({ executed: false, ...held })]),
    replayed([write({ right: true }), write({ right: true, ...held })], true),
    replayed([write({ right: true, verdict: "escalated", rules: ["a-rule"] })]),
  ];

  it("count failed runs with a wrong write that was executed, and no others", () => {
    const [caught, denied, escalated] = rowsOfRuns("x", runs);
    expect(caught).toMatchObject({ value: 50, first: 50 });
    expect(caught?.notes?.[0]).toContain("1 of 2 failed runs");
    expect(caught?.details).toHaveLength(1);
    expect(denied).toMatchObject({ value: 1, first: 0 });
    expect(escalated?.value).toBeCloseTo(100 / 3);
  });

  it("hold each rule to what it fired on", () => {
    expect(rowsOfRules(runs)).toMatchObject([
      {
        what: "rule a-rule: on right writes",
        value: 2,
        notes: ["on 1 wrong writes; on 1 more that the airline refused itself"],
      },
    ]);
  });

  it("list what was corrected", () => {
    const corrected = { ...replayed([]), labels: { from: "corrected", changes: [], expected: [bags(1, 0)] } } as const;
    expect(rowOfLabels([corrected]).details).toEqual([
      expect.stringContaining("task 1, only before"),
      expect.stringContaining("task 1, only corrected"),
    ]);
  });
});
