/** Lists the leaves of a JSON value, in order and up to a number: what provenance looks at one by one. */
import type { Json } from "@airworthy/contract";

import { isJsonArray, isJsonObject } from "../json.ts";

export type Leaf = {
  readonly path: string;
  /** The name it stands under, `[n]` left out; empty at the root. */
  readonly key: string;
  readonly inList: boolean;
  readonly value: string | number | boolean | null;
};
export type Leaves = {
  readonly leaves: readonly Leaf[];
  /** Whether there were more than were listed. */ readonly more: boolean;
};

type Place = { readonly value: Json; readonly path: string; readonly key: string; readonly inList: boolean };

const pathMax = 200;

/** `names: true` lists such names of objects as are no field names as well: a map from accounts to balances tells the accounts by its names. */
export function listLeaves(
  root: Json,
  { max, names = false }: { readonly max: number; readonly names?: boolean },
): Leaves {
  const leaves: Leaf[] = [];
  const stack: Place[] = [{ value: root, path: "$", key: "", inList: false }];
  for (let place = stack.pop(); place !== undefined; place = stack.pop()) {
    // What waits on the stack is at most one entry of the value each, and the value itself is bounded by its reader.
    if (leaves.length >= max) return { leaves, more: true };
    const { value, path, key } = place;
    if (isJsonArray(value)) {
      for (let at = value.length - 1; at >= 0; at -= 1) {
        stack.push({ value: value[at] ?? null, path: extend(path, `[${at}]`), key, inList: true });
      }
    } else if (isJsonObject(value)) {
      for (const [name, member] of Object.entries(value).toReversed()) {
        const step = extend(path, stepText(name));
        stack.push({ value: member ?? null, path: step, key: name, inList: false });
        if (names && !isFieldName(name)) stack.push({ value: name, path: step, key: "", inList: true });
      }
    } else leaves.push({ path, key, inList: place.inList, value });
  }
  return { leaves, more: false };
}

/** As programs name fields. A user of such a name is then known from elsewhere, or from nowhere. */
const isFieldName = (name: string): boolean => /^[a-z_$][A-Za-z0-9_-]*$/.test(name);

/** Ends a path whose rest is too long to keep. */
export const cutMark = "[…]";

function extend(path: string, step: string): string {
  if (path.endsWith(cutMark)) return path;
  return path.length + step.length > pathMax ? path + cutMark : path + step;
}

/** Names that are no field names may be data, and a path is shown where data is not: they are left out. */
function stepText(name: string): string {
  return /^[A-Za-z_][\w-]{0,40}$/.test(name) ? `.${name}` : "[*]";
}
