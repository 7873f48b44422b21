/** The business objects of a write, each with its version and the picture of what was done to it. */
import type { Context, ProposedAction } from "../../kernel/action-walk.ts";
import { entityKeysOf, keyOf } from "../../kernel/action-keys.ts";
import type { Deps } from "../../kernel/deps.ts";
import { emptyPicture } from "../../kernel/entities/picture.ts";
import type { SeenEntity } from "../../kernel/entities/telling.ts";

export async function lookAtEntities(
  { tenant }: ProposedAction,
  context: Pick<Context, "entity" | "touches" | "tool">,
  { surroundings }: Pick<Deps, "surroundings">,
): Promise<readonly SeenEntity[]> {
  const keys = entityKeysOf({ context });
  if (keys.length === 0) return [];
  const found = new Map((await surroundings.entities(tenant, keys)).map((one) => [one.key, one]));
  const own = context.entity && keyOf(context.entity);
  return keys.map((key) => {
    const { version = 0, holder, picture = emptyPicture } = found.get(key) ?? {};
    return { key, version, holder, picture, touched: key !== own };
  });
}
