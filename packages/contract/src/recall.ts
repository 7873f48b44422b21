/** Recall: where it starts, what relied on that, what is to become of each action, and how far it has come. */
import { z } from "zod";

import { ActionStatus, ValueMatch } from "./action.ts";
import { ActionId, ObservationId, RecallId } from "./ids.ts";
import { Json, JsonObject } from "./json.ts";
import { nameText } from "./text.ts";

const digest = z.string().regex(/^[0-9a-f]{64}$/, "a SHA-256 digest in 64 lower-case hex digits");

/** A stretch of time; `since` belongs to it, `until` does not. Either end may be open. */
export const RecallWindow = z.strictObject({ since: z.iso.datetime().optional(), until: z.iso.datetime().optional() });
export type RecallWindow = z.infer<typeof RecallWindow>;

const window = RecallWindow.optional().meta({ description: "Only what began in this stretch of time." });

/** Where a recall starts. Every selector may be narrowed by `window`, the time at which the first actions ended. */
export const RecallSelector = z.discriminatedUnion("from", [
  z.strictObject({
    from: z.literal("fact"),
    fact: nameText(128),
    key: nameText(512).optional(),
    value: Json.optional().meta({ description: "Only where it was seen with this value." }),
    version: nameText(512).optional().meta({ description: "Only this version at its source." }),
    source: nameText(128).optional().meta({ description: "Only as this read tool reported it." }),
    window,
  }),
  z.strictObject({ from: z.literal("batch"), batch: nameText(512), source: nameText(128).optional(), window }),
  z.strictObject({ from: z.literal("document"), digest, window }),
  z.strictObject({
    from: z.literal("agent"),
    agent: nameText(128),
    version: digest.optional().meta({ description: "The fingerprint of one version of the agent." }),
    window,
  }),
  z.strictObject({
    from: z.literal("model"),
    model: nameText(256).meta({ description: "provider/name, as the agents pin it." }),
    window,
  }),
  z.strictObject({ from: z.literal("prompt"), digest, window }),
  z.strictObject({
    from: z.literal("policy"),
    policy: nameText(256),
    version: nameText(128).optional().meta({ description: "The digest of one version of the policy." }),
    window,
  }),
  z.strictObject({ from: z.literal("tool"), tool: nameText(128), version: nameText(128).optional(), window }),
  z.strictObject({ from: z.literal("approver"), approver: nameText(128), window }),
  z.strictObject({ from: z.literal("run"), run: nameText(128), agent: nameText(128).optional(), window }),
  z.strictObject({ from: z.literal("action"), action: ActionId, window }),
  z.strictObject({ from: z.literal("time"), since: z.iso.datetime(), until: z.iso.datetime() }),
]);
export type RecallSelector = z.infer<typeof RecallSelector>;

/**
 * How one action relies on another. `fact`: it rests on an observation that the other fetched. `version`: it rests on a
 * version that the other's effect wrote; `value`: the same, told by the value alone, written before it was read and not
 * overwritten in between. The rest: an argument holds a value that the other read (see ValueMatch).
 */
export const RelianceMatch = z.enum(["fact", "version", "value", ...ValueMatch.exclude(["overflow"]).options]);
export type RelianceMatch = z.infer<typeof RelianceMatch>;

/** One reason why an action is in a recall: what it relied on. */
export const Reliance = z.object({
  from: ActionId,
  match: RelianceMatch,
  /** The observation in between, where there is one that is still kept. */
  via: ObservationId.optional(),
  fact: z.string().optional(),
  key: z.string().optional(),
  argument: z.string().optional(),
});
export type Reliance = z.infer<typeof Reliance>;

/** `without_effect`: reads, and writes that were refused, failed or never started. There is nothing to take back. */
export const RecallGroup = z.enum([
  "reversible",
  "externally_reversible",
  "irreversible",
  "compensated",
  "without_effect",
]);
export type RecallGroup = z.infer<typeof RecallGroup>;

/** What is to become of an action. `notify`: whoever was told is told again. `leave`: recorded, nothing is done. */
export const RecallChoice = z.enum(["compensate", "notify", "manual", "leave"]);
export type RecallChoice = z.infer<typeof RecallChoice>;

export const RecallChoices = z.strictObject({
  reversible: RecallChoice.optional(),
  externally_reversible: RecallChoice.optional(),
  irreversible: RecallChoice.optional(),
});
export type RecallChoices = z.infer<typeof RecallChoices>;

export const RecallAmount = z.object({ currency: z.string(), minor: z.int(), count: z.int() });
export type RecallAmount = z.infer<typeof RecallAmount>;

/** One action of a recall. */
export const RecallItem = z.object({
  action: ActionId,
  agent: z.string(),
  tool: z.string(),
  /** When it ended. */
  at: z.iso.datetime(),
  status: ActionStatus,
  entity: z.object({ type: z.string(), id: z.string() }).optional(),
  amount: z.object({ minor: z.int(), currency: z.string() }).optional(),
  group: RecallGroup,
  /** Steps from what the recall starts with, which is at 0. */
  depth: z.int(),
  because: z.array(Reliance),
  choice: RecallChoice,
  /** The call that takes it back, or corrects what was told: its arguments, or why there are none. With `compensate` and `notify` only. */
  compensation: z
    .object({ tool: z.string(), arguments: JsonObject.optional(), missing: z.string().optional() })
    .optional(),
  /** Its place when everything is undone: whatever relied on it has a smaller number. From 0, without gaps. */
  reverseOrder: z.int(),
});
export type RecallItem = z.infer<typeof RecallItem>;

export const RecallGroupSum = z.object({ count: z.int(), amounts: z.array(RecallAmount), choice: RecallChoice });
export type RecallGroupSum = z.infer<typeof RecallGroupSum>;

/** Acted on the same business object and did not rely on anything recalled: for people to look at, never undone. */
export const AlsoTouched = z.object({
  action: ActionId,
  agent: z.string(),
  tool: z.string(),
  at: z.iso.datetime(),
  entity: z.object({ type: z.string(), id: z.string() }),
});
export type AlsoTouched = z.infer<typeof AlsoTouched>;

/** Those who are affected by what is recalled, each with the number of recalled actions. */
export const RecallPeople = z.object({
  approvers: z.array(z.object({ name: z.string(), actions: z.int() })),
  owners: z.array(z.object({ name: z.string(), actions: z.int() })),
  recipients: z.array(z.object({ name: z.string(), actions: z.int() })),
});
export type RecallPeople = z.infer<typeof RecallPeople>;

/** Above `above` in any currency named here, two different people other than the maker must say yes. */
export const RecallLimits = z.object({
  fourEyesAbove: z.array(z.object({ minor: z.int().nonnegative(), currency: z.string() })),
});
export type RecallLimits = z.infer<typeof RecallLimits>;

/** The blast radius, and what is to be done about it. Nothing is done by making one. */
export const RecallPlan = z.object({
  schema: z.literal("airworthy.recall/1"),
  id: RecallId,
  tenant: z.string(),
  selector: RecallSelector,
  choices: RecallChoices,
  madeBy: z.string(),
  madeAt: z.iso.datetime(),
  /** Past this moment it must be made again. */
  expiresAt: z.iso.datetime(),
  /** The configuration under which it was made. */
  snapshot: z.object({ version: z.int(), digest: z.string() }),
  limits: RecallLimits,
  groups: z.record(RecallGroup, RecallGroupSum),
  /** In the order in which they are undone. */
  items: z.array(RecallItem),
  alsoTouched: z.array(AlsoTouched),
  /** How many there are; `alsoTouched` names the latest of them. */
  alsoTouchedCount: z.int(),
  entities: z.array(z.object({ entity: z.string(), actions: z.int() })),
  people: RecallPeople,
  /** SHA-256 of what was found (actions, where they stand, why they are in it): equal pictures have equal digests. */
  picture: digest,
  /** SHA-256 of the canonical JSON of everything else in the plan. */
  digest,
});
export type RecallPlan = z.infer<typeof RecallPlan>;
