/** Plans: what a configuration would change, shown before it is applied, and then applied exactly. */
import { z } from "zod";

import { Effect } from "./action.ts";
import { Finding } from "./config.ts";
import { nameText } from "./text.ts";

export const ConfigFile = z.strictObject({ path: nameText(512), text: z.string().max(1_048_576) });
export type ConfigFile = z.infer<typeof ConfigFile>;

/** One consequence, in the order a reader should see them: loss of control first. */
export const Change = z.object({
  group: z.enum(["agents", "tools", "policies", "budgets", "sources", "people", "data"]),
  kind: z.enum(["added", "removed", "changed"]),
  name: z.string(),
  detail: z.string(),
});
export type Change = z.infer<typeof Change>;

/** What the candidate policies would have decided on the recorded past. */
export const Preview = z.object({
  replayed: z.int(),
  same: z.int(),
  changed: z.array(
    z.object({ action: z.string(), tool: z.string(), agent: z.string(), was: Effect, now: Effect, detail: z.string() }),
  ),
  /** Recorded decisions that the candidate cannot judge, because a tool or fact is gone. */
  unjudgeable: z.int(),
});
export type Preview = z.infer<typeof Preview>;

export const Plan = z.object({
  schema: z.literal("airworthy.plan/1"),
  tenant: z.string(),
  base: z.object({ version: z.int(), digest: z.string() }),
  digest: z.string(),
  findings: z.array(Finding),
  changes: z.array(Change),
  preview: Preview,
  files: z.array(ConfigFile),
});
export type Plan = z.infer<typeof Plan>;
