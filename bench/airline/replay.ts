/** Replays one recorded run through the gateway: each call as it was made, each write judged against the state before it. */
import type { Json, JsonObject } from "@airworthy/contract";

import { canonicalJson } from "../../packages/server/src/kernel/canonical.ts";
import { isJsonObject } from "../../packages/server/src/kernel/json.ts";
import { WrongAnswer } from "../row.ts";
import type { Airline, RecordedCall, Run } from "./airline-data.ts";
import type { AirlineServer } from "./airline-server.ts";
import { carryOut, isWrite } from "./airline-system.ts";
import { createMarker, type Labels } from "./labels.ts";

export type Verdict = "passed" | "denied" | "escalated";
/** A write that the recorded agent tried. `executed`: the recorded airline did it; `right` says nothing of others. */
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
  airline.airline = start;
  for (const [at, recorded] of run.calls.entries()) {
    const before = airline.airline;
    airline.call = recorded;
    const called = await call(recorded);
    if (called.verdict === "passed" && isAboutState(recorded.name))
      answers[compare(called.answer, recorded.answer)] += 1;
    if (!isWrite(recorded.name)) {
      if (called.verdict !== "passed")
        throw new WrongAnswer(`${recorded.name} was ${called.verdict}: ${called.answer}`);
      continue;
    }
    const executed = !recorded.answer.startsWith("Error");
    // What the gateway held is done behind its back: the next write was recorded after it.
    const after = executed && called.verdict !== "passed" ? carryOut(before, recorded).airline : airline.airline;
    if (executed && after === before) throw new WrongAnswer(`${recorded.name} of ${nameOf(run)} changed nothing`);
    if (!executed && after !== before) throw new WrongAnswer(`${recorded.name} of ${nameOf(run)} was never done`);
    airline.airline = after;
    const { name, args } = recorded;
    const { verdict, rules } = called;
    writes.push({ at, name, args, executed, right: executed && mark(before, after), verdict, rules });
  }
  return { run, labels, writes, answers };
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
