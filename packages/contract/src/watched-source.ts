/** What watching a source answers: its baseline, the windows that were compared with it, and the findings that people answer. */
import { z } from "zod";

import { FindingId } from "./ids.ts";
import { ReadinessFinding } from "./readiness.ts";

const count = z.int().nonnegative();
const at = z.iso.datetime();

/** What production is held against. A new one begins the looks, and with them the promise about false alarms, anew. */
export const Baseline = z.object({
  number: z.int(),
  origin: z.string().meta({ description: "The file it was sampled from, or that it is of the first records." }),
  records: count.meta({ description: "Records that kept the contract." }),
  quarantined: count,
  by: z.string(),
  at,
});
export type Baseline = z.infer<typeof Baseline>;

/** `open`: records still come in. `closed`: full, to be compared. `dropped`: of a baseline that is no longer. */
export const WindowState = z.enum(["open", "closed", "compared", "baseline", "dropped"]);
export type WindowState = z.infer<typeof WindowState>;

export const SourceWindow = z.object({
  number: z.int(),
  state: WindowState,
  records: count,
  quarantined: count,
  openedAt: at,
  closedAt: at.optional(),
  look: z
    .int()
    .optional()
    .meta({ description: "Which look at this baseline it was, from 1; absent while it was not compared." }),
  level: z.number().optional().meta({ description: "What this look spent of alpha." }),
  severe: count,
  notices: count,
});
export type SourceWindow = z.infer<typeof SourceWindow>;

/** `open`: nobody has answered. `acknowledged`: known, and work may go on. `closed`: done with; found again, it opens anew. */
export const FindingState = z.enum(["open", "acknowledged", "closed"]);
export type FindingState = z.infer<typeof FindingState>;

export const WatchedFinding = z.object({
  id: FindingId,
  contract: z.string(),
  state: FindingState,
  baseline: z.int(),
  /** The windows that it was first and last found in, and in how many. */
  firstWindow: z.int(),
  lastWindow: z.int(),
  windows: z.int(),
  openedAt: at,
  lastAt: at,
  decidedBy: z.string().optional(),
  decidedAt: at.optional(),
  reason: z.string().optional(),
  finding: ReadinessFinding.meta({ description: "As it was last found." }),
});
export type WatchedFinding = z.infer<typeof WatchedFinding>;

export const WatchedSource = z.object({
  contract: z.string(),
  version: z.int(),
  ready: z.boolean().meta({ description: "No severe finding is open." }),
  alpha: z.number().meta({
    description: "Over all looks at one baseline, the chance of any false finding is at most this.",
  }),
  looks: count,
  baseline: Baseline.optional(),
  windows: z.array(SourceWindow).meta({ description: "The newest ones, newest first." }),
  findings: z.array(WatchedFinding),
});
export type WatchedSource = z.infer<typeof WatchedSource>;
