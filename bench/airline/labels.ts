/** Right or wrong: a write is right when it does what one of the writes does that the labels expect, whatever was done before. */
import type { Json } from "@airworthy/contract";

import { canonicalJson } from "../../packages/server/src/kernel/canonical.ts";
import type { Action, Airline, AirlineData, CorrectedTask, Reservation, Run, User } from "./airline-data.ts";
import { carryOut, isWrite, Refusal } from "./airline-system.ts";

export type Labels = {
  /** Which labels these are. */
  readonly from: "corrected" | "first";
  /** What the expected writes change, one text each; a text stands as often as it is expected. */
  readonly changes: readonly string[];
  readonly expected: readonly Action[];
};

/**
 * What the labels of a run expect: the corrected ones of the task that the same user has and whose words are most like
 * it, or, where there is none, those that came with the recordings.
 */
export function labelsOf(run: Run, { start, corrected }: Pick<AirlineData, "start" | "corrected">): Labels {
  const task = findCorrected(run, corrected);
  const expected = (task?.expected ?? run.expected).filter(({ name }) => isWrite(name));
  return { from: task === undefined ? "first" : "corrected", changes: changesOf(start, expected), expected };
}

/** Marks each executed write in turn; an expected write can be done once. */
export function createMarker({ changes }: Pick<Labels, "changes">): (before: Airline, after: Airline) => boolean {
  const open = [...changes];
  return (before, after) => {
    const at = open.indexOf(describeChange(before, after));
    if (at >= 0) open.splice(at, 1);
    return at >= 0;
  };
}

/** Some corrected tasks of one user differ by a sentence, so the words decide; another user's task is never taken. */
function findCorrected(run: Run, corrected: readonly CorrectedTask[]): CorrectedTask | undefined {
  const wanted = wordsOf(run.instruction);
  const likeness = (task: CorrectedTask): number => {
    const words = wordsOf(task.words);
    const common = [...words].filter((word) => wanted.has(word)).length;
    return common / (words.size + wanted.size - common);
  };
  const [best] = corrected
    .filter(({ words }) => wordsOf(words).has(run.user))
    .map((task) => ({ task, likeness: likeness(task) }))
    .filter((one) => one.likeness >= leastLikeness)
    .toSorted((one, other) => other.likeness - one.likeness);
  return best?.task;
}

/** A user may have a task that is another one altogether. */
const leastLikeness = 0.5;
const wordsOf = (text: string): Set<string> => new Set(text.toLowerCase().match(/[a-z0-9_]+/g));

function changesOf(start: Airline, expected: readonly Action[]): string[] {
  let airline = start;
  return expected.flatMap((action) => {
    try {
      const { airline: after } = carryOut(airline, action);
      const change = describeChange(airline, after);
      airline = after;
      return [change];
    } catch (error) {
      // A label that the airline itself would refuse cannot be done by anybody.
      if (error instanceof Refusal) return [];
      throw error;
    }
  });
}

/** What a write changed, without what was there before: money by how much, all else by what it is now. */
export function describeChange(before: Airline, after: Airline): string {
  const reservations = changedKeys(before.reservations, after.reservations).map((id) =>
    reservationChange(id, before.reservations[id], after.reservations[id]),
  );
  const users = changedKeys(before.users, after.users).map((id) => [
    id,
    moneyChange(before.users[id], after.users[id]),
  ]);
  return canonicalJson([reservations, users]);
}

function changedKeys<T>(before: Readonly<Record<string, T>>, after: Readonly<Record<string, T>>): string[] {
  return Object.keys(after).filter((key) => before[key] !== after[key]);
}

function reservationChange(id: string, was: Reservation | undefined, is: Reservation | undefined): Json {
  if (!is) return [id, null];
  const { payment_history: payments, ...now } = is;
  const paid = payments.slice(was?.payment_history.length ?? 0).map((payment) => ({ ...payment }));
  // A new reservation has whatever name was free.
  if (!was) return ["new", { ...now, reservation_id: "", flights: now.flights.map((one) => ({ ...one })) }, paid];
  const fields = Object.entries(now).filter(
    ([name, value]) => canonicalJson(toJson(value)) !== canonicalJson(toJson(Reflect.get(was, name))),
  );
  return [id, toJson(Object.fromEntries(fields)), paid];
}

function moneyChange(was: User | undefined, is: User | undefined): Json {
  const ids = new Set([...Object.keys(was?.payment_methods ?? {}), ...Object.keys(is?.payment_methods ?? {})]);
  return [...ids].toSorted().flatMap((id) => {
    const [before, after] = [was?.payment_methods[id]?.amount ?? 0, is?.payment_methods[id]?.amount ?? 0];
    return before === after ? [] : [[id, after - before]];
  });
}

const toJson = (value: unknown): Json => (value === undefined ? null : JSON.parse(JSON.stringify(value)));
