/** What provenance is asked about one action: the leaves of its arguments, the members and references inside their texts. */
import type { GovernedTool, Json, JsonObject } from "@airworthy/contract";

import { readPath, parsePath } from "../path.ts";
import { type Leaf, listLeaves } from "./leaves.ts";
import { findReferences, isText, splitList } from "./texts.ts";
import { formsOf, isFaint, sortOf } from "./value-forms.ts";

/** One value to be traced. `part`: a member of a list that was written as one text. */
export type AskedValue = {
  readonly argument: string;
  readonly sort: string;
  readonly inList: boolean;
  readonly value: string | number | boolean;
  readonly forms: readonly string[];
  readonly faint: boolean;
  readonly sensitive: string | undefined;
  readonly reference: boolean;
  readonly parts: readonly AskedValue[];
};
export type Asked = {
  readonly values: readonly AskedValue[];
  /** There were more leaves than are traced. */ readonly more: boolean;
};

const leavesMax = 200;
const partsMax = 20;
const referencesMax = 50;
/** Of one text, this many characters are searched for references. */
const searchedMax = 65_536;

/** Sensitive arguments come first, so that they are traced whatever the rest may cost. */
export function listAskedValues(args: JsonObject, sensitive: GovernedTool["definition"]["sensitive"] = {}): Asked {
  const named = Object.entries(sensitive).flatMap(([name, path]) => {
    const value = readSafely(path, args);
    const { leaves, more } = value === undefined ? { leaves: [], more: false } : listLeaves(value, { max: leavesMax });
    return [{ name, path, more, leaves: leaves.map((leaf) => below(path, leaf)) }];
  });
  const taken = new Set(named.flatMap(({ leaves }) => leaves.map((leaf) => leaf.path)));
  const all = listLeaves(args, { max: leavesMax });
  const rest = all.leaves.filter((leaf) => !taken.has(leaf.path)).slice(0, Math.max(0, leavesMax - taken.size));
  const values = [
    ...named.flatMap(({ name, leaves }) => leaves.flatMap((leaf) => ask(leaf, { sensitive: name }))),
    ...rest.flatMap((leaf) => ask(leaf, { sensitive: undefined })),
  ];
  const found = rest.flatMap((leaf) =>
    typeof leaf.value === "string" && isText(leaf.value)
      ? findReferences(leaf.value.slice(0, searchedMax), referencesMax).flatMap((text) =>
          ask({ ...leaf, value: text }, { reference: true }),
        )
      : [],
  );
  return {
    values: [...values, ...found.slice(0, referencesMax)],
    more:
      all.more ||
      rest.some(({ value }) => String(value).length > searchedMax) ||
      found.length > referencesMax ||
      named.some((one) => one.more),
  };
}

/** The path was checked with the configuration; one that cannot be read finds nothing. */
function readSafely(path: string, args: JsonObject): Json | undefined {
  try {
    return readPath(parsePath(path), { root: args });
  } catch {
    return undefined;
  }
}

function below(path: string, leaf: Leaf): Leaf {
  const last = /\.([A-Za-z_][\w-]*)(?:\[\d+\])*$/.exec(path)?.[1] ?? "";
  return { ...leaf, path: path + leaf.path.slice(1), key: leaf.key === "" ? last : leaf.key };
}

type As = { readonly sensitive?: string | undefined; readonly reference?: boolean };

function ask(leaf: Leaf, { sensitive, reference = false }: As): AskedValue[] {
  const { path, key, inList, value } = leaf;
  if (value === null || value === "") return [];
  const common = { argument: path, sort: sortOf(key), sensitive, reference };
  const make = (one: string | number | boolean): AskedValue => ({
    ...common,
    inList,
    value: one,
    forms: formsOf(one),
    faint: isFaint(one),
    parts: [],
  });
  const parts = typeof value === "string" && !reference ? splitList(value, partsMax).map(make) : [];
  return [{ ...make(value), parts }];
}
