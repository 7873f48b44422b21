/** The standing states of a business object that do not go together, whoever left them. */
import type { EntityConflict } from "@airworthy/contract";

import type { PictureEffect } from "./picture.ts";
import { doContradict } from "./telling.ts";

/** Each pair once, in the order in which they came. */
export function findConflicts(effects: readonly PictureEffect[]): EntityConflict[] {
  const standing = effects.filter((one) => one.stands);
  return standing.flatMap((a, at) =>
    standing
      .slice(at + 1)
      .filter((b) => doContradict(a, b))
      .map((b): EntityConflict => ({ states: [a.state ?? "", b.state ?? ""], effects: [a.id, b.id] })),
  );
}
