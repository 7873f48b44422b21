/** Replays one recorded run through the gateway: each call as it was made, each write judged against the state before it. */
import type { Json, JsonObject } from "@airworthy/contract";

import { canonicalJson } from "../../packages/server/src/kernel/canonical.ts";
import { isJsonObject } from "../../packages/server/src/kernel/json.ts";
import type { Airline, RecordedCall, Run } from "./airline-data.ts";
import type { AirlineServer } from "./airline-server.ts";
import { carryOut, isWrite, Refusal } from "./airline-system.ts";
import { createMarker, type Labels } from "./labels.ts";

export type Verdict = "passed" | "denied" | "escalated";
/** A write that the recorded agent tried. `executed`: the recorded airline did it, and so does ours; `right` says nothing of others. */
export type JudgedWrite = {
  readonly at: number;
  readonly name: string;
  readonly args: JsonObject;
  readonly executed: boolean;
  readonly right: boolean;
  readonly verdict: Verdict;
  /** The policies, or the codes of other reasons, that spoke against it. */
  readonly rules: readonly string[];
};
export type ReplayedRun = {
  readonly run: Run;
  readonly labels: Labels;
  readonly writes: readonly JudgedWrite[];
  /** Reads that did not pass; none should be there. */
  readonly heldReads: readonly string[];
  /** Answers about state that were the recorded ones, were so but for the cabin, or were others. */
  readonly answers: Readonly<Record<"same" | "cabin" | "other", number>>;
};

export type Called = { readonly verdict: Verdict; readonly rules: readonly string[]; readonly answer: string };
export type Stage = {
  readonly airline: AirlineServer;
  readonly start: Airline;
  /** Calls a tool as the agent of this run. */
  readonly call: (call: RecordedCall) => Promise<Called>;
};

export async function replayRun(run: Run, labels: Labels, { airline, start, call }: Stage): Promise<ReplayedRun> {
  const mark = createMarker(labels);
  const answers = { same: 0, cabin: 0, other: 0 };
  const writes: JudgedWrite[] = [];
  const heldReads: string[] = [];
  airline.airline = start;
  for (const [at, recorded] of run.calls.entries()) {
    const before = airline.airline;
    airline.call = recorded;
    const called = await call(recorded);
    if (called.verdict === "passed" && isAboutState(recorded.name))
      answers[compare(called.answer, recorded.answer)] += 1;
    const { name, args } = recorded;
    const { verdict, rules } = called;
    if (!isWrite(name)) {
      if (verdict !== "passed") heldReads.push(`${nameOf(run)}, call ${at}: ${name}, ${called.answer}`);
      continue;
    }
    const wasDone = !recorded.answer.startsWith("Error");
    const after = !wasDone ? before : verdict === "passed" ? airline.airline : doAnyway(before, recorded);
    const executed = wasDone && after !== before;
    airline.airline = after;
    writes.push({ at, name, args, executed, right: executed && mark(before, after), verdict, rules });
  }
  return { run, labels, writes, answers, heldReads };
}

/** What the gateway held is done behind its back: the next write was recorded after it. */
function doAnyway(airline: Airline, recorded: RecordedCall): Airline {
  try {
    return carryOut(airline, recorded).airline;
  } catch (error) {
    if (error instanceof Refusal) return airline;
    throw error;
  }
}

export const nameOf = ({ task, trial }: Run): string => `task ${task} trial ${trial}`;

const isAboutState = (name: string): boolean =>
  isWrite(name) || name === "get_reservation_details" || name === "get_user_details";

/** The recorded airline forgot the new cabin when it changed flights (mended since); and it wrote province for state. */
function compare(said: string, recorded: string): keyof ReplayedRun["answers"] {
  const [one, other] = [readText(said), readText(recorded)];
  if (canonicalJson(one) === canonicalJson(other)) return "same";
  const withoutCabin = (value: Json): Json => (isJsonObject(value) ? { ...value, cabin: null } : value);
  return canonicalJson(withoutCabin(one)) === canonicalJson(withoutCabin(other)) ? "cabin" : "other";
}

function readText(text: string): Json {
  try {
    const value: Json = JSON.parse(text);
    if (!isJsonObject(value) || !isJsonObject(value["address"])) return value;
    const { state = null, province = state, ...rest } = value["address"];
    return { ...value, address: { ...rest, province } };
  } catch {
    return text;
  }
}
