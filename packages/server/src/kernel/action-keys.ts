/** The keys under which an action is known elsewhere: to its business object, and to the upstream. */
import type { Context } from "./action-walk.ts";

/** `invoice:4711` for a write that names a business object. Reads are not serialised: they change nothing. */
export function entityKeyOf({ context }: { readonly context: Pick<Context, "entity" | "tool"> }): string | undefined {
  const { entity, tool } = context;
  return entity && tool?.effect === "write" ? `${entity.type}:${entity.id}` : undefined;
}

/** Stable for the action: however often its effect is tried, the upstream sees one key. */
export const idempotencyKeyOf = (action: { readonly id: string }): string => action.id;
