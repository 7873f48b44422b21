/** Source contracts: what the records of a source must look like, and how what arrives under one is watched. */
import { z } from "zod";

import { apiVersion, duration, name } from "./config-text.ts";
import { DataClass } from "./data.ts";

export const ContractFieldType = z.enum(["text", "integer", "number", "boolean", "date", "timestamp", "list"]);
export type ContractFieldType = z.infer<typeof ContractFieldType>;

export const ContractField = z.strictObject({
  name: z.string().min(1).max(200).meta({ description: "The column, or the path of the value: address.city." }),
  type: ContractFieldType,
  nullable: z.boolean().meta({ description: "Whether the value may be null, empty or absent." }),
  allowed: z
    .array(z.union([z.string(), z.number(), z.boolean()]))
    .min(1)
    .max(1_000)
    .optional()
    .meta({ description: "The only values there are. Absent: any of the type." }),
  range: z
    .strictObject({ min: z.number().optional(), max: z.number().optional() })
    .optional()
    .meta({ description: "Both ends are allowed." }),
  maxLength: z.int().min(1).optional().meta({ description: "Characters of a text, items of a list." }),
  class: DataClass.optional().meta({
    description: "The data class of its values: they are not shown in faults, quarantine and findings.",
  }),
});
export type ContractField = z.infer<typeof ContractField>;

/** How what arrives is watched. Each window is compared once with the baseline. */
export const SourceWatchRule = z.strictObject({
  window: z.strictObject({
    records: z.int().min(100).max(1_000_000).optional().meta({ description: "Full at so many. Default 5000." }),
    time: duration.optional().meta({
      description: "Also full after this time, once there are a hundred records to compare.",
    }),
  }),
  alpha: z.number().gt(0).max(0.5).optional().meta({
    description: "Over all windows, the chance of any false finding is at most this. Default 0.01.",
  }),
  baseline: z.int().min(100).max(1_000_000).optional().meta({
    description: "Where no baseline was set, it is taken from so many records that arrive first.",
  }),
});
export type SourceWatchRule = z.infer<typeof SourceWatchRule>;

/** What the records of one source must look like. Learned from samples, reviewed by a person, then enforced. */
export const SourceContractDocument = z.strictObject({
  apiVersion,
  kind: z.literal("SourceContract"),
  name,
  version: z.int().min(1).meta({ description: "Raised with every change." }),
  learnedFrom: z.string().max(500).optional().meta({ description: "For people: which sample, how many records." }),
  unlisted: z
    .enum(["refuse", "ignore"])
    .optional()
    .meta({ description: "A field that is not listed quarantines its record (the default), or is ignored." }),
  fields: z.array(ContractField).min(1).max(1_000),
  watch: SourceWatchRule.optional().meta({
    description: "Compare what arrives with a baseline, window by window. Absent: only the contract is enforced.",
  }),
});
export type SourceContractDocument = z.infer<typeof SourceContractDocument>;
