/** What configuration says of recalls: how a tool's effect is taken back or corrected, and who may approve that. */
import { z } from "zod";

import { apiVersion, name, pathText, toolName } from "./config-text.ts";

export const Compensate = z.strictObject({
  tool: toolName,
  with: z.record(z.string(), z.string()),
  restoresBudget: z.boolean().optional().meta({
    description: "Once it is taken back, what it used of its budgets may be used again. Default false.",
  }),
});

export const Notice = z.strictObject({
  to: pathText.meta({ description: "Where the arguments say who is told." }),
  correct: z
    .strictObject({ tool: toolName, with: z.record(z.string(), z.string()) })
    .optional()
    .meta({
      description: "The write that tells them otherwise; without it a recall gives the correction to a person.",
    }),
});

const currencyLimit = z.strictObject({ minor: z.int().nonnegative(), currency: z.string().regex(/^[A-Z]{3}$/) });

/** Who must say yes to a recall before anything is taken back. One a tenant; without it none can be started. */
export const RecallPolicyDocument = z.strictObject({
  apiVersion,
  kind: z.literal("RecallPolicy"),
  name,
  approvers: z
    .array(name)
    .min(1)
    .meta({ description: "The teams that must each say yes, by different people, none of whom made the plan." }),
  fourEyes: z.strictObject({
    above: z.array(currencyLimit).meta({
      description: "Recalls that reach further than this need the teams below. A currency not named here always does.",
    }),
    approvers: z.array(name).min(2).meta({ description: "Two teams or more: each yes is of another person." }),
  }),
  perSecond: z
    .number()
    .positive()
    .max(1000)
    .optional()
    .meta({ description: "How many actions are taken back a second at most. Default 5." }),
});
export type RecallPolicyDocument = z.infer<typeof RecallPolicyDocument>;
