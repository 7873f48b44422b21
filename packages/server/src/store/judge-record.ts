/** Whether a record is newer than the one that is held of the same key. */
import type { IncomingRecord } from "../kernel/source-store.ts";

/** The newest one so far. `asOf` in epoch ms. */
export type Held = { readonly version: string | null; readonly asOf: number | null; readonly digest: string };
type Incoming = Pick<IncomingRecord, "version" | "asOf"> & { readonly digest: string };
type Fault = { readonly field: string; readonly expected: string; readonly found: string };

export type RecordVerdict =
  | { readonly kind: "newest" | "duplicate" | "late" }
  /** The same version with another value: one of the two is wrong, and nobody here knows which. */
  | { readonly kind: "contradicts"; readonly fault: Fault };

/** By version where both have one, else by as-of where both have one, else what arrives later is newer. */
export function judgeRecord(incoming: Incoming, held: Held | undefined): RecordVerdict {
  if (held === undefined) return { kind: "newest" };
  const isSame = incoming.digest === held.digest;
  if (incoming.version !== undefined && held.version !== null) {
    const [one, other] = [BigInt(incoming.version), BigInt(held.version)];
    if (one !== other) return { kind: one > other ? "newest" : "late" };
    if (isSame) return { kind: "duplicate" };
    const found = `version ${incoming.version} again, with another value`;
    return { kind: "contradicts", fault: { field: "(version)", expected: `a version above ${held.version}`, found } };
  }
  if (incoming.asOf !== undefined && held.asOf !== null && incoming.asOf !== held.asOf) {
    return { kind: incoming.asOf > held.asOf ? "newest" : "late" };
  }
  // Of one moment, or undated: sources write more than once a second, and what arrives later was written later.
  return { kind: isSame ? "duplicate" : "newest" };
}
