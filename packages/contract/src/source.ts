/** Ingesting sources as people see them: their state, their batches, and what stands in quarantine. */
import { z } from "zod";

import { QuarantineId } from "./ids.ts";
import { Json } from "./json.ts";

const count = z.int().nonnegative();

/** `open`: more of it is to come. `rejected`: not taken as a whole, `reason` says why. */
export const BatchState = z.enum(["open", "complete", "rejected"]);
export type BatchState = z.infer<typeof BatchState>;

export const SourceBatch = z.object({
  batch: z.string(),
  /** Where it came from: a file, a range of a stream, an address. */
  origin: z.string(),
  digest: z.string(),
  state: BatchState,
  reason: z.string().optional(),
  receivedAt: z.iso.datetime(),
  asOf: z.iso.datetime().optional(),
  records: count,
  quarantined: count,
  duplicates: count,
  late: count,
});
export type SourceBatch = z.infer<typeof SourceBatch>;

export const SourceState = z.object({
  name: z.string(),
  type: z.string(),
  /** `waiting`: no node brings it in now. `pushed`: others bring it to us. `failing`: tried again, `problem` says why. */
  state: z.enum(["running", "waiting", "pushed", "failing"]),
  problem: z.object({ message: z.string(), at: z.iso.datetime() }).optional(),
  position: z.string().optional(),
  /** How many messages or files are known to be there and not yet in. */
  lag: count.optional(),
  /** Everything that happened at the source before this moment is in. */
  caughtUpAt: z.iso.datetime().optional(),
  lastBatch: z.string().optional(),
  lastAt: z.iso.datetime().optional(),
  records: count,
  duplicates: count,
  late: count,
  quarantined: count,
  /** Of the quarantined: what still waits for a person. */
  held: count,
});
export type SourceState = z.infer<typeof SourceState>;

export const SourceDetail = SourceState.extend({
  /** Current records by name. */
  current: z.record(z.string(), count),
  batches: z.array(SourceBatch),
});
export type SourceDetail = z.infer<typeof SourceDetail>;

/** `superseded`: its document was replaced or removed before anybody decided. */
export const QuarantineState = z.enum(["held", "released", "discarded", "superseded"]);
export type QuarantineState = z.infer<typeof QuarantineState>;

/** Values in `faults` are shortened, and what looks like a secret is hidden. */
export const Quarantined = z.object({
  id: QuarantineId,
  connector: z.string(),
  /** The tool in whose answer it stood; absent for what a source brought in. */
  tool: z.string().optional(),
  record: z.string().optional(),
  key: z.string().optional(),
  batch: z.string().optional(),
  /** Its place in the batch, from 1. */
  number: z.int().optional(),
  contract: z.object({ name: z.string(), version: z.int() }).optional(),
  faults: z.array(z.object({ field: z.string(), expected: z.string(), found: z.string() })),
  state: QuarantineState,
  /** How often it came. */
  times: z.int(),
  heldAt: z.iso.datetime(),
  lastAt: z.iso.datetime(),
  decision: z.object({ by: z.string(), at: z.iso.datetime(), reason: z.string() }).optional(),
});
export type Quarantined = z.infer<typeof Quarantined>;

export const QuarantinedDetail = Quarantined.extend({
  /** As it came; a text where it could not be read. Each value is shortened, and what looks like a secret is hidden. */
  value: Json,
});
export type QuarantinedDetail = z.infer<typeof QuarantinedDetail>;
