/** Stops: the kill switches. A stop denies the next decision in its scope until it is lifted. */
import { z } from "zod";

import { StopId } from "./ids.ts";
import { nameText } from "./text.ts";

export const StopScope = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("agent"), agent: nameText(128) }),
  z.strictObject({ kind: z.literal("tool"), tool: nameText(128) }),
  z.strictObject({ kind: z.literal("entity"), entity: nameText(640).regex(/^[^:]+:.+$/, "must be type:id") }),
  z.strictObject({ kind: z.literal("all") }),
]);
export type StopScope = z.infer<typeof StopScope>;

/** `deny_all` (the default) refuses reads too; `deny_writes` leaves reading open. */
export const StopMode = z.enum(["deny_all", "deny_writes"]);
export type StopMode = z.infer<typeof StopMode>;

export const Stop = z.object({
  id: StopId,
  scope: StopScope,
  mode: StopMode,
  reason: z.string(),
  by: z.string(),
  at: z.iso.datetime(),
  liftedAt: z.iso.datetime().optional(),
  liftedBy: z.string().optional(),
});
export type Stop = z.infer<typeof Stop>;

/** A stop that was just set. It holds in any case; `warning` says when it may hold nothing, for want of such a name. */
export const NewStop = Stop.extend({ warning: z.string().optional() });
export type NewStop = z.infer<typeof NewStop>;
