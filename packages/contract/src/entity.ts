/** Business objects: what agents and people did to each of them, and what stands of it. */
import { z } from "zod";

import { ActionId, EffectId } from "./ids.ts";
import { nameText, proseText } from "./text.ts";

/** `type:id`, such as `invoice:4711`. */
export const EntityKey = nameText(640).regex(/^[a-z][a-z0-9_-]*:.+$/, "must be type:id, such as invoice:4711");
export type EntityKey = z.infer<typeof EntityKey>;

/** A word for how a business object stands, such as `payment_delayed`. */
export const EntityState = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,62}$/, "a state of lower-case letters, digits, dashes and underscores");

/** Where an effect stands. `started` and `unknown` may have happened. */
export const EffectStatus = z.enum(["started", "done", "failed", "unknown"]);
export type EffectStatus = z.infer<typeof EffectStatus>;

/** Seen from us: `in` comes to us, `out` leaves us. */
export const Flow = z.enum(["in", "out"]);
export type Flow = z.infer<typeof Flow>;

export const Actor = z.object({ kind: z.enum(["agent", "person", "recall"]), name: z.string() });
export type Actor = z.infer<typeof Actor>;

/** What somebody did to one business object: an action of an agent, or what a person says was done. */
export const EntityEffect = z.object({
  id: z.union([ActionId, EffectId]),
  by: Actor,
  tool: z.string().optional(),
  at: z.iso.datetime(),
  status: EffectStatus,
  /** The action was about another business object, and touched this one. */
  touched: z.boolean().optional(),
  state: z.string().optional(),
  contradicts: z.array(z.string()).optional(),
  ends: z.array(z.string()).optional(),
  hold: z.enum(["place", "release"]).optional(),
  /** Of a release: the one hold that it releases; absent means all. */
  releases: z.string().optional(),
  amount: z.object({ minor: z.int(), currency: z.string() }).optional(),
  flow: Flow.optional(),
  reason: z.string().optional(),
  compensatedBy: z.string().optional(),
  /** Its state stands, and its hold is open: nothing since has ended them. */
  stands: z.boolean(),
  holds: z.boolean(),
});
export type EntityEffect = z.infer<typeof EntityEffect>;

/** What a decision saw of one business object: its version, and what others had done to it, the telling ones first. */
export const EntityView = z.object({
  entity: z.string(),
  version: z.int(),
  touched: z.boolean().optional(),
  effects: z.array(EntityEffect),
});
export type EntityView = z.infer<typeof EntityView>;

/** What has come in and gone out, in minor units; `maybe…` is of effects that may have happened. */
export const EntityNet = z.object({
  currency: z.string(),
  inMinor: z.int(),
  outMinor: z.int(),
  maybeInMinor: z.int(),
  maybeOutMinor: z.int(),
});
export type EntityNet = z.infer<typeof EntityNet>;

/** Two standing states that do not go together. */
export const EntityConflict = z.object({
  states: z.tuple([z.string(), z.string()]),
  effects: z.tuple([z.string(), z.string()]),
});
export type EntityConflict = z.infer<typeof EntityConflict>;

/** One business object: everything done to it, newest first, and what stands of it. */
export const EntityRecord = z.object({
  entity: z.string(),
  version: z.int(),
  /** The action whose effect on it is under way. */
  holder: ActionId.optional(),
  states: z.array(EntityEffect),
  holds: z.array(EntityEffect),
  conflicts: z.array(EntityConflict),
  net: z.array(EntityNet),
  /** False when there were more standing effects than are kept at hand: policies are told so. */
  complete: z.boolean(),
  effects: z.array(EntityEffect),
  /** Give this as `before` to read on. */
  next: z.int().optional(),
});
export type EntityRecord = z.infer<typeof EntityRecord>;

/** What a person says was done to a business object outside, or a hold that they place or release. */
export const EntityNote = z.strictObject({
  entity: EntityKey,
  reason: proseText(2000).min(1),
  state: EntityState.optional(),
  contradicts: z.array(EntityState).max(32).optional(),
  ends: z.array(EntityState).max(32).optional(),
  hold: z.enum(["place", "release"]).optional(),
  releases: z.union([ActionId, EffectId]).optional().meta({ description: "The one hold to release. Default: all." }),
  money: z
    .strictObject({ minor: z.int().nonnegative(), currency: z.string().regex(/^[A-Z]{3}$/), flow: Flow })
    .optional(),
  idempotencyKey: nameText(256).optional(),
});
export type EntityNote = z.infer<typeof EntityNote>;
