/** How tools speak of facts: what a read yields, what a write leaves behind, what an action rests on. */
import { z } from "zod";

import { duration, pathText, toolName } from "./config-text.ts";

const factName = z.string().regex(/^[a-z][a-z0-9_.-]{0,127}$/, "a fact name such as crm.account.status");

export const YieldRule = z.strictObject({
  fact: factName,
  each: pathText.optional(),
  key: pathText,
  value: pathText,
  asOf: pathText.optional().meta({ description: "Where the source says how old the value is." }),
  version: pathText.optional(),
  batch: pathText.optional().meta({ description: "Where the source names the delivery that brought the value." }),
  document: pathText.optional().meta({ description: "Where the SHA-256 of the document stands that holds the value." }),
  type: z.enum(["string", "integer", "boolean", "json"]).meta({
    description:
      "json: a record or a list of at most 32 KiB; `computed` may read it, policies see only what is computed.",
  }),
  authoritative: z.boolean().optional().meta({
    description: "This source's answer is as of now. Without it, a missing or future as-of makes the fact unusable.",
  }),
  skew: duration.optional().meta({ description: "How far this source's clock may run ahead of ours. Default 2s." }),
});
export type YieldRule = z.infer<typeof YieldRule>;

/** What a write leaves behind: the reads that yield the fact afterwards show this effect. */
export const WriteRule = z.strictObject({
  fact: factName,
  key: z.string().min(1).meta({ description: "Whose fact: $.argument or $result.path." }),
  value: z
    .union([z.string(), z.int(), z.boolean()])
    .optional()
    .meta({ description: "The value it leaves: $.argument, $result.path, or the value itself." }),
  version: z
    .string()
    .min(1)
    .optional()
    .meta({ description: "The version it leaves at the source: $result.path, or etag for the answer's ETag." }),
});
export type WriteRule = z.infer<typeof WriteRule>;

/** A path, `$facts['name']` with further steps for a fact that another rule brings, or a text that stands for itself. */
const reference = z.string().min(1).max(1000);

export const RestsOn = z.strictObject({
  fact: factName,
  each: pathText.optional().meta({
    description:
      "One fact for each item of this list, named @ below: $.flights[*], or $facts['airline.reservation'].flights[*]. At most 64.",
  }),
  key: reference.meta({ description: "Whose fact: a path into this action's arguments, the item or another fact." }),
  maxAge: duration,
  lookup: z
    .strictObject({
      tool: toolName,
      with: z.record(z.string(), reference),
      always: z.boolean().optional().meta({
        description:
          "true: looked up for every action. What the agent read before neither serves nor, where it differs, refuses.",
      }),
    })
    .meta({ description: "The read tool that answers authoritatively, and its arguments: paths, or texts." }),
});
export type RestsOn = z.infer<typeof RestsOn>;
