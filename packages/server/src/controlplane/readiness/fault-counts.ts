/** Counts how many records fault in the same way, up to a number of ways; what comes after that is counted together. */
import { keptSampleMax } from "@airworthy/contract";

type FaultCount = { readonly field: string; readonly expected: string; readonly records: number };
export type FaultCounts = Map<string, FaultCount>;

const other = { field: "(other)", expected: "" } as const;
const textMax = 200;

/** One place is kept for all further ways. */
export function addFaults(counts: FaultCounts, { field, expected, records }: FaultCount): void {
  const named = { field: field.slice(0, textMax), expected: expected.slice(0, textMax) };
  const keyOf = (one: Omit<FaultCount, "records">): string => JSON.stringify([one.field, one.expected]);
  const isRoom = counts.has(keyOf(named)) || counts.size < keptSampleMax.faults - 1;
  const way = isRoom ? named : other;
  const key = keyOf(way);
  counts.set(key, { ...way, records: (counts.get(key)?.records ?? 0) + records });
}
