/** Takes classed data out of a JSON value, as the rules of its way say; what was done is counted, never the value kept. */
import type { ClassEvidence, DataUse, Json } from "@airworthy/contract";

import { isJsonArray, isJsonObject } from "../json.ts";
import type { Treatment } from "./choose-treatment.ts";
import type { ClassedLeaf, Mark } from "./classify-json.ts";
import { showSteps, type Steps } from "./field-pattern.ts";

export type Treating = {
  readonly at: DataUse["at"];
  readonly treat: (dataClass: string) => Treatment | undefined;
  /** The agreement under which data of a class goes on where no rule holds for it. */
  readonly agreed?: (dataClass: string) => string | undefined;
  readonly tokenise: (
    values: readonly { readonly class: string; readonly value: Json }[],
  ) => Promise<readonly string[]>;
  /** Whether there is a rule on this way at all: then what was not looked at is not shown. */
  readonly guarded: boolean;
};
export type Treated = {
  readonly value: Json;
  /** The same with what is masked taken out and what has a token left as it is: what facts may still rest on. */
  readonly kept: Json;
  readonly uses: readonly DataUse[];
};

type Cut = { readonly from: number; readonly to: number; readonly class: string; readonly treatment: Treatment };
type Plan = { readonly leaf: ClassedLeaf; readonly cuts: readonly Cut[] };

const unsearchedText = "[not shown: more than is searched for personal data]";
/** How what stands in place of a masked value begins. */
export const maskMark = "[masked: ";
const maskOf = (dataClass: string): string => `${maskMark}${dataClass}]`;

export async function treatJson(root: Json, leaves: readonly ClassedLeaf[], treating: Treating): Promise<Treated> {
  const uses = leaves.flatMap((leaf) => useOf(leaf, treating));
  const plans = leaves
    .map((leaf): Plan => ({ leaf, cuts: planCuts(leaf, treating) }))
    .filter(({ leaf, cuts }) => cuts.length > 0 || (leaf.unsearched && treating.guarded));
  if (plans.length === 0) return { value: root, kept: root, uses: gather(uses) };
  const wanted = plans.flatMap(({ leaf, cuts }) =>
    cuts
      .filter((cut) => cut.treatment.do === "tokenise")
      .map((cut) => ({ class: cut.class, value: partOf(leaf, cut) })),
  );
  const tokens = (await treating.tokenise(wanted)).values();
  const shown = new Map<string, string>();
  const kept = new Map<string, string>();
  for (const { leaf, cuts } of plans) {
    const key = placeOf(leaf);
    if (cuts.length === 0) {
      shown.set(key, unsearchedText);
      kept.set(key, unsearchedText);
      continue;
    }
    const given = cuts.map((cut) => ({
      ...cut,
      text: cut.treatment.do === "tokenise" ? (tokens.next().value ?? maskOf(cut.class)) : maskOf(cut.class),
    }));
    shown.set(key, cutOut(leaf, given));
    const masked = given.filter((cut) => cut.treatment.do !== "tokenise");
    if (masked.length > 0) kept.set(key, cutOut(leaf, masked));
  }
  return { value: rewrite(root, [], shown), kept: rewrite(root, [], kept), uses: gather(uses) };
}

const textOf = ({ value }: ClassedLeaf): string => String(value);

/** What of a leaf is to go: whole, or in parts that do not overlap, each under the strictest of its marks. */
function planCuts(leaf: ClassedLeaf, { treat }: Treating): Cut[] {
  const { length } = textOf(leaf);
  const cuts = leaf.marks.flatMap((mark): Cut[] => {
    const treatment = treat(mark.class);
    if (!treatment) return [];
    // Of a number or a truth no part can be cut out.
    const isWhole = mark.from === undefined || mark.to === undefined || typeof leaf.value !== "string";
    return [
      {
        from: isWhole ? 0 : (mark.from ?? 0),
        to: isWhole ? length : (mark.to ?? length),
        class: mark.class,
        treatment,
      },
    ];
  });
  const merged: Cut[] = [];
  for (const cut of cuts.toSorted((one, other) => one.from - other.from || other.to - one.to)) {
    const last = merged.at(-1);
    if (!last || cut.from >= last.to) merged.push(cut);
    else {
      const strictest = rank(cut) > rank(last) ? cut : last;
      merged[merged.length - 1] = { ...strictest, from: last.from, to: Math.max(last.to, cut.to) };
    }
  }
  return merged;
}

const rank = ({ treatment }: Cut): number => ["tokenise", "mask", "block"].indexOf(treatment.do);

/** A whole value keeps its type in the token's keeping: a number comes back as a number. */
function partOf(leaf: ClassedLeaf, { from, to }: Cut): Json {
  const text = textOf(leaf);
  return from === 0 && to === text.length ? leaf.value : text.slice(from, to);
}

function cutOut(leaf: ClassedLeaf, cuts: readonly (Cut & { readonly text: string })[]): string {
  let text = textOf(leaf);
  for (const cut of cuts.toReversed()) text = text.slice(0, cut.from) + cut.text + text.slice(cut.to);
  return text;
}

const placeOf = ({ steps, isName }: Pick<ClassedLeaf, "steps" | "isName">): string =>
  JSON.stringify([isName, ...steps]);

/** A copy with the values and names at these places in place of theirs. */
function rewrite(value: Json, steps: Steps, given: ReadonlyMap<string, string>): Json {
  if (given.size === 0) return value;
  if (isJsonArray(value)) return value.map((item, at) => rewrite(item, [...steps, at], given));
  if (!isJsonObject(value)) return given.get(placeOf({ steps, isName: false })) ?? value;
  const members = new Map<string, Json>();
  for (const [name, member] of Object.entries(value)) {
    const here = [...steps, name];
    const shown = given.get(placeOf({ steps: here, isName: true })) ?? name;
    // Two names that are masked alike stay two members.
    let free = shown;
    for (let number = 2; members.has(free); number += 1) free = `${shown} (${number})`;
    members.set(free, rewrite(member, here, given));
  }
  // fromEntries defines members, so a name such as __proto__ stays an ordinary one.
  return Object.fromEntries(members);
}

const done = { mask: "masked", tokenise: "tokenised", block: "blocked" } as const;

function useOf(leaf: ClassedLeaf, { at, treat, agreed, guarded }: Treating): DataUse[] {
  const path = showSteps(leaf.isName ? leaf.steps.slice(0, -1) : leaf.steps);
  const uses = leaf.marks.map(({ class: one, how }: Mark): DataUse => {
    const treatment = treat(one);
    if (treatment) return { at, path, class: one, how, did: done[treatment.do], rule: treatment.rule, count: 1 };
    const agreement = agreed?.(one);
    return { at, path, class: one, how, did: "none", ...(agreement === undefined ? {} : { agreement }), count: 1 };
  });
  const how: ClassEvidence = "detected";
  return leaf.unsearched && guarded ? [...uses, { at, path, class: "unsearched", how, did: "masked", count: 1 }] : uses;
}

const usesMax = 200;

/** One for each place, class and treatment, with how many there were. */
export function gather(uses: readonly DataUse[]): DataUse[] {
  const found = new Map<string, DataUse>();
  // What blocks is never among those that there is no room for.
  const first = uses.filter((use) => use.did === "blocked");
  for (const use of [...first, ...uses.filter((other) => other.did !== "blocked")]) {
    const key = JSON.stringify([use.at, use.path, use.class, use.how, use.did, use.rule, use.agreement]);
    const known = found.get(key);
    if (known) found.set(key, { ...known, count: known.count + use.count });
    else if (found.size < usesMax) found.set(key, use);
  }
  return [...found.values()];
}
