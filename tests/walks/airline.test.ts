/** The airline benchmark itself, on a small airline made by hand: its rules hold what they should, and nothing without them. */
import { createClient } from "@airworthy/sdk";
import { afterEach, describe, expect, it } from "vitest";

import { configureAirline } from "../../bench/airline/airline-config.ts";
import type { Action, RecordedCall, Run } from "../../bench/airline/airline-data.ts";
import { startAirline } from "../../bench/airline/airline-server.ts";
import { carryOut } from "../../bench/airline/airline-system.ts";
import { createCaller } from "../../bench/airline/call-as-agent.ts";
import { labelsOf } from "../../bench/airline/labels.ts";
import { replayRun, type ReplayedRun } from "../../bench/airline/replay.ts";
import { startTestServer } from "../support/server.ts";
import { smallAirline as start } from "../support/small-airline.ts";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

async function replay(writes: readonly Action[], withPolicies: boolean): Promise<ReplayedRun> {
  const airline = await startAirline(start);
  closing.push(airline.close);
  const server = await startTestServer({
    files: configureAirline(["run-1-0"], withPolicies),
    env: { AIRLINE_URL: airline.url },
  });
  closing.push(server.close);
  const { key } = await server.agent("run-1-0");
  const reviewer = createClient({ baseUrl: server.url, key: (await server.person("supervisor")).key });
  const run: Run = {
    task: 1,
    trial: 0,
    succeeded: false,
    user: "ann_1",
    instruction: "",
    calls: record(writes),
    expected: [],
  };
  const call = createCaller({ url: server.url, key, reviewer });
  return replayRun(run, labelsOf(run, { start, corrected: [] }), { airline, start, call });
}

/** What the airline without a gateway answers. */
function record(writes: readonly Action[]): RecordedCall[] {
  let airline = start;
  return writes.map((action) => {
    const done = carryOut(airline, action);
    airline = done.airline;
    return { ...action, answer: typeof done.answer === "string" ? done.answer : JSON.stringify(done.answer) };
  });
}

const leg = (flight: string, day: string) => ({ flight_number: flight, date: `2024-05-${day}` });
const ann = { first_name: "Ann", last_name: "One", dob: "1990-01-01" };
const pay = (payment: string, amount: number) => ({ payment_id: payment, amount });
const book = (more: Action["args"]): Action => ({
  name: "book_reservation",
  args: {
    user_id: "ann_1",
    origin: "AAA",
    destination: "BBB",
    flight_type: "one_way",
    cabin: "economy",
    flights: [leg("F1", "20")],
    passengers: [ann],
    payment_methods: [pay("card", 100)],
    total_baggages: 0,
    nonfree_baggages: 0,
    insurance: "no",
    ...more,
  },
});
const cancel = (reservation: string): Action => ({ name: "cancel_reservation", args: { reservation_id: reservation } });
const bags = (total: number, nonfree: number): Action => ({
  name: "update_reservation_baggages",
  args: { reservation_id: "R1", total_baggages: total, nonfree_baggages: nonfree, payment_id: "card" },
});
const fly = (reservation: string, cabin: string, flights: ReturnType<typeof leg>[]): Action => ({
  name: "update_reservation_flights",
  args: { reservation_id: reservation, cabin, flights, payment_id: "card" },
});
const certificate = (user: string, amount: number): Action => ({
  name: "send_certificate",
  args: { user_id: user, amount },
});
const there = [leg("F1", "20"), leg("F2", "20")];
const thereAndBack = [leg("F1", "20"), leg("F2", "21")];

/** Each write as the policy's sentence wants it judged, from the state that the writes before it left. */
const cases: readonly (readonly [Action, verdict: string, rule?: string])[] = [
  [book({}), "passed"],
  [book({ total_baggages: 1, nonfree_baggages: 1, payment_methods: [pay("card", 150)] }), "denied", "bag-charge"],
  [book({ total_baggages: 2, nonfree_baggages: 1, payment_methods: [pay("card", 150)] }), "passed"],
  [bags(2, 0), "denied", "bag-charge"],
  [bags(3, 2), "passed"],
  [bags(0, 0), "denied", "bags-only-added"],
  [book({ payment_methods: [pay("paper", 50), pay("paper2", 50)] }), "denied", "book-payment-methods"],
  [
    book({ passengers: [ann, ann, ann, ann, ann, ann], payment_methods: [pay("card", 600)] }),
    "denied",
    "book-passengers",
  ],
  [
    book({ flight_type: "round_trip", flights: there, payment_methods: [pay("card", 200)] }),
    "denied",
    "flights-in-order",
  ],
  [book({ flight_type: "round_trip" }), "denied", "same-trip"],
  [fly("R3", "business", [leg("F1", "20")]), "passed"],
  [fly("R1", "economy", thereAndBack), "denied", "same-trip"],
  [cancel("R3"), "passed"],
  [cancel("R1"), "denied", "cancel-grounds"],
  [cancel("R2"), "escalated", "cancel-on-insurance"],
  [cancel("R4"), "denied", "cancel-nothing-flown"],
  [certificate("bob_2", 100), "denied", "certificate-grounds"],
  [certificate("bob_2", 50), "escalated", "certificate-for-delay"],
];

describe("the airline's writes", () => {
  it("are held by the rules written from its policy, and by no others", async () => {
    const { writes, answers } = await replay(
      cases.map(([action]) => action),
      true,
    );
    expect(writes.map(({ name, verdict, rules }) => [name, verdict, ...rules])).toEqual(
      cases.map(([{ name }, verdict, rule]) => [name, verdict, ...(rule === undefined ? [] : [rule])]),
    );
    expect(answers.other).toBe(0);
  });

  it("all pass when there are no rules", async () => {
    const { writes } = await replay(
      cases.map(([action]) => action),
      false,
    );
    expect(new Set(writes.map(({ verdict }) => verdict))).toEqual(new Set(["passed"]));
  });
});
