/** The recorded runs, the airline's database and the labels, as they stand beside the project; and what their records look like. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";

import type { Json, JsonObject } from "@airworthy/contract";

export type Flight = {
  readonly flight_number: string;
  readonly origin: string;
  readonly destination: string;
  readonly scheduled_departure_time_est: string;
  readonly scheduled_arrival_time_est: string;
  readonly dates: Readonly<
    Record<
      string,
      {
        readonly status: string;
        readonly available_seats?: Readonly<Record<string, number>>;
        readonly prices?: Readonly<Record<string, number>>;
      }
    >
  >;
};
export type Segment = {
  readonly origin: string;
  readonly destination: string;
  readonly flight_number: string;
  readonly date: string;
  readonly price: number;
};
export type Payment = { readonly payment_id: string; readonly amount: number };
export type Reservation = {
  readonly reservation_id: string;
  readonly user_id: string;
  readonly origin: string;
  readonly destination: string;
  readonly flight_type: string;
  readonly cabin: string;
  readonly flights: readonly Segment[];
  readonly passengers: readonly JsonObject[];
  readonly payment_history: readonly Payment[];
  readonly created_at: string;
  readonly total_baggages: number;
  readonly nonfree_baggages: number;
  readonly insurance: string;
  readonly status?: string;
};
export type PaymentMethod = { readonly source: string; readonly amount?: number; readonly id: string };
export type User = {
  readonly payment_methods: Readonly<Record<string, PaymentMethod>>;
  readonly membership: string;
  readonly reservations: readonly string[];
};
/** The whole state of the airline. A write makes a new one; none is ever changed. */
export type Airline = {
  readonly flights: Readonly<Record<string, Flight>>;
  readonly reservations: Readonly<Record<string, Reservation>>;
  readonly users: Readonly<Record<string, User>>;
};

export type Action = { readonly name: string; readonly args: JsonObject };
/** A call as it was recorded, with what the airline answered. */
export type RecordedCall = Action & { readonly answer: string };
export type Run = {
  readonly task: number;
  readonly trial: number;
  readonly succeeded: boolean;
  readonly user: string;
  /** What the user was to ask for. */
  readonly instruction: string;
  readonly calls: readonly RecordedCall[];
  /** What should have been done, as the recordings say. */
  readonly expected: readonly Action[];
};
/** A task as it was corrected later: who asks, and what should be done. `words` are what the user wants and knows. */
export type CorrectedTask = {
  readonly id: string;
  readonly words: string;
  readonly expected: readonly Action[];
};
export type AirlineData = {
  readonly start: Airline;
  readonly runs: readonly Run[];
  readonly corrected: readonly CorrectedTask[];
};

type RawCall = { readonly id: string; readonly function: { readonly name: string; readonly arguments: string } };
type RawMessage = {
  readonly role: string;
  readonly content: string | null;
  readonly tool_calls?: readonly RawCall[] | null;
  readonly tool_call_id?: string;
};
type RawRun = {
  readonly task_id: number;
  readonly trial: number;
  readonly reward: number;
  readonly traj: readonly RawMessage[];
  readonly info: {
    readonly task: {
      readonly user_id: string;
      readonly instruction: string;
      readonly actions: readonly { readonly name: string; readonly kwargs: JsonObject }[];
    };
  };
};
type RawTask = {
  readonly id: string;
  readonly user_scenario: {
    readonly instructions: Readonly<
      Record<"known_info" | "reason_for_call" | "task_instructions", string | null | undefined>
    >;
  };
  readonly evaluation_criteria: {
    readonly actions: readonly { readonly name: string; readonly arguments: JsonObject }[];
  };
};

/** Undefined where the folder is not there. Every file of recordings and of corrected tasks in it is taken. */
export function readAirlineData(folder: string): AirlineData | undefined {
  if (!existsSync(folder)) return undefined;
  const textOf = (name: string): string => readFileSync(path.join(folder, name), "utf8");
  const all = (pattern: RegExp): string[] =>
    readdirSync(folder)
      .filter((name) => pattern.test(name))
      .toSorted()
      .map(textOf);
  return {
    start: {
      flights: JSON.parse(textOf("flights.json")),
      reservations: JSON.parse(textOf("reservations.json")),
      users: JSON.parse(textOf("users.json")),
    },
    runs: all(/trajectories.*\.json$/)
      .flatMap((text): RawRun[] => JSON.parse(text))
      .map(readRun)
      .toSorted((one, other) => one.task - other.task || one.trial - other.trial),
    corrected: all(/^tau2-tasks.*\.json$/)
      .flatMap((text): RawTask[] => JSON.parse(text))
      .map(readTask),
  };
}

function readRun({ task_id: task, trial, reward, traj, info }: RawRun): Run {
  const answers = new Map<string, string[]>();
  for (const { tool_call_id: id, content } of traj) {
    if (id !== undefined) answers.set(id, [...(answers.get(id) ?? []), content ?? ""]);
  }
  const calls = traj
    .flatMap((message) => message.tool_calls ?? [])
    .flatMap(({ id, function: { name, arguments: text } }): RecordedCall[] => {
      const answer = answers.get(id)?.shift();
      const args: Json = JSON.parse(text);
      return answer === undefined || !isRecord(args) ? [] : [{ name, args, answer }];
    });
  const expected = info.task.actions.map(({ name, kwargs }) => ({ name, args: kwargs }));
  return {
    task,
    trial,
    succeeded: reward === 1,
    user: info.task.user_id,
    instruction: info.task.instruction,
    calls,
    expected,
  };
}

function readTask({ id, user_scenario: scenario, evaluation_criteria: criteria }: RawTask): CorrectedTask {
  const { known_info: known, reason_for_call: reason, task_instructions: instructions } = scenario.instructions;
  return {
    id,
    words: [known, reason, instructions].join("\n"),
    expected: criteria.actions.map(({ name, arguments: args }) => ({ name, args })),
  };
}

function isRecord(value: Json): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
