/** The keys under which an action is known elsewhere: to its business objects, and to the upstream. */
import type { Context, Entity } from "./action-walk.ts";

export const keyOf = ({ type, id }: Entity): string => `${type}:${id}`;

/** `invoice:4711` for a write that names a business object. Reads are not serialised: they change nothing. */
export function entityKeyOf({ context }: { readonly context: Pick<Context, "entity" | "tool"> }): string | undefined {
  const { entity, tool } = context;
  return entity && tool?.effect === "write" ? keyOf(entity) : undefined;
}

type Reaching = { readonly context: Pick<Context, "entity" | "touches" | "tool"> };

/** Every business object of a write, its own and those it touches, in the order in which they are locked. */
export function entityKeysOf({ context }: Reaching): readonly string[] {
  const { entity, touches, tool } = context;
  if (tool?.effect !== "write") return [];
  return [...new Set([...(entity ? [entity] : []), ...touches].map(keyOf))].toSorted();
}

/** Stable for the action: however often its effect is tried, the upstream sees one key. */
export const idempotencyKeyOf = (action: { readonly id: string }): string => action.id;
