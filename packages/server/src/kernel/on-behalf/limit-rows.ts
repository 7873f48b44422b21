/** Leaves out of an answer what lies outside the limits of the person on whose behalf the agent reads. */
import type { GovernedTool, Json, OnBehalfOf } from "@airworthy/contract";

import { partsOf, putTogether } from "../classes/answer-parts.ts";
import { isJsonArray, isJsonObject } from "../json.ts";
import { parsePath, readPath, type Path } from "../path.ts";

type Rows = NonNullable<GovernedTool["definition"]["rows"]>;
type Limited = { readonly result: Json; readonly leftOut: number } | { readonly refused: string };

/** Without a claim nothing is inside. `refused` says why in one sentence, without a value. */
export function limitRows(
  result: Json,
  {
    rows,
    mcp,
    onBehalfOf,
  }: { readonly rows: Rows; readonly mcp: boolean; readonly onBehalfOf: OnBehalfOf | undefined },
): Limited {
  const limits = Object.entries(rows.limits).map(([attribute, path]) => ({ attribute, path: parsePath(path) }));
  const isInside = (scope: { readonly root: Json; readonly item: Json }): boolean =>
    limits.every(({ attribute, path }) => allows(onBehalfOf, attribute, readPath(path, scope)));
  const whom = onBehalfOf?.person ?? "nobody that is known";
  const counts: number[] = [];
  const parts: { place: string; root: Json }[] = [];
  for (const { place, root, isRoot } of partsOf(result, mcp)) {
    if (!isRoot) {
      // What is said in sentences cannot be limited.
      parts.push({
        place,
        root: place === "rest" ? root : { type: "text", text: "[not shown: it cannot be limited]" },
      });
      continue;
    }
    if (rows.each === undefined) {
      if (!isInside({ root, item: root })) return { refused: `The answer lies outside the limits of ${whom}.` };
      parts.push({ place, root });
      continue;
    }
    const taken = filterList(root, parsePath(rows.each), (item) => isInside({ root, item }));
    if (!taken)
      return { refused: `The answer has no list at ${rows.each}, so the limits of ${whom} cannot be applied.` };
    counts.push(taken.leftOut);
    parts.push({ place, root: taken.value });
  }
  if (mcp && counts.length === 0 && rows.each !== undefined)
    return { refused: `The answer is not structured, so the limits of ${whom} cannot be applied.` };
  return { result: putTogether(result, parts, { hidesWhole: true }), leftOut: Math.max(0, ...counts) };
}

function allows(onBehalfOf: OnBehalfOf | undefined, attribute: string, value: Json | undefined): boolean {
  const values = attribute === "person" ? onBehalfOf && [onBehalfOf.person] : own(onBehalfOf?.attributes, attribute);
  if (values === undefined || (typeof value !== "string" && typeof value !== "number" && typeof value !== "boolean"))
    return values?.includes("*") === true && value !== undefined;
  return values.includes("*") || values.includes(String(value));
}

function own(attributes: OnBehalfOf["attributes"] | undefined, name: string): readonly string[] | undefined {
  return attributes && Object.hasOwn(attributes, name) ? attributes[name] : undefined;
}

type Filtered = { readonly value: Json; readonly leftOut: number };

/** Undefined where there is no list at the path. */
function filterList(root: Json, { steps }: Path, isInside: (item: Json) => boolean): Filtered | undefined {
  const [step, ...rest] = steps;
  if (step === undefined || (step.kind === "all" && rest.length === 0)) {
    if (!isJsonArray(root)) return undefined;
    const value = root.filter((item) => isInside(item));
    return { value, leftOut: root.length - value.length };
  }
  const below = (value: Json): Filtered | undefined =>
    filterList(value, { text: "", root: "$", steps: rest }, isInside);
  if (step.kind === "name") {
    if (!isJsonObject(root) || !Object.hasOwn(root, step.name)) return undefined;
    const taken = below(root[step.name] ?? null);
    return taken && { value: { ...root, [step.name]: taken.value }, leftOut: taken.leftOut };
  }
  if (!isJsonArray(root)) return undefined;
  const taken = root.map((item, at) =>
    step.kind === "all" || step.index === at ? below(item) : { value: item, leftOut: 0 },
  );
  const found = taken.filter((one) => one !== undefined);
  if (found.length < taken.length) return undefined;
  return { value: found.map((one) => one.value), leftOut: found.reduce((sum, one) => sum + one.leftOut, 0) };
}
