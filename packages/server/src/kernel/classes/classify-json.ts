/** Lists what in a JSON value is of a data class: by its declared fields, by where values were declared before, by detectors. */
import type { ClassEvidence, Json } from "@airworthy/contract";

import { isJsonArray, isJsonObject } from "../json.ts";
import { carriedForms, phrasesOf, type Phrase } from "./carried-forms.ts";
import { coversClass } from "./covers-class.ts";
import type { CustomDetector } from "./custom-detector.ts";
import { findTokens } from "./data-token.ts";
import type { FieldPattern, Steps } from "./field-pattern.ts";
import { findSpans } from "./find-spans.ts";

/** `from` and `to` are absent where it is the whole value. */
export type Mark = {
  readonly class: string;
  readonly how: ClassEvidence;
  readonly from?: number;
  readonly to?: number;
};
type Scalar = string | number | boolean | null;
/** A value, or a name that may be data. */
export type ClassedLeaf = {
  readonly steps: Steps;
  readonly isName: boolean;
  readonly value: Scalar;
  readonly marks: readonly Mark[];
  /** It was not looked at: more stands before it than is searched. */
  readonly unsearched: boolean;
};
export type DeclaredField = { readonly class: string; readonly matches: FieldPattern };
export type Classifying = {
  readonly declared: readonly DeclaredField[];
  readonly custom: readonly CustomDetector[];
  /** Undefined where no value carries a class: then nothing is asked. */
  readonly carried: ((forms: readonly string[]) => Promise<ReadonlyMap<string, readonly string[]>>) | undefined;
};

const leavesMax = 50_000;
/** UTF-16 units of text that the detectors look at in one value. */
const searchedMax = 1_048_576;
const phrasesMax = 2000;
const formsMax = 4000;

type Raw = { readonly steps: Steps; readonly field: string; readonly isName: boolean; readonly value: Scalar };
type Draft = Raw & {
  readonly whole: readonly string[];
  readonly phrases: readonly Phrase[];
  readonly marks: Mark[];
  readonly unsearched: boolean;
};

/** Only leaves with a mark, and those that were not looked at. */
export async function classifyJson(root: Json, { declared, custom, carried }: Classifying): Promise<ClassedLeaf[]> {
  const spent = { chars: 0, phrases: 0, leaves: 0 };
  const drafts = listRaw(root).map((raw): Draft => {
    spent.leaves += 1;
    const text = textOf(raw.value);
    spent.chars += text?.length ?? 0;
    const marks = declared
      .filter((one) => one.matches(raw.steps))
      .map((one): Mark => ({ class: one.class, how: "declared" }));
    const unsearched = spent.leaves > leavesMax || spent.chars > searchedMax;
    if (text === undefined || unsearched) return { ...raw, whole: [], phrases: [], marks, unsearched };
    const tokens = findTokens(text);
    const found = findSpans(text, { field: raw.field, custom })
      // A token tells nothing, whatever its letters look like.
      .filter((span) => !tokens.some((token) => token.from <= span.from && span.to <= token.to))
      .map((span): Mark => ({ ...span, how: "detected" }));
    const phrases = carried && /\s/.test(text) ? phrasesOf(text, phrasesMax - spent.phrases) : [];
    spent.phrases += phrases.length;
    return { ...raw, whole: carried ? carriedForms(raw.value) : [], phrases, marks: [...marks, ...found], unsearched };
  });
  if (carried) await addCarried(drafts, carried);
  return drafts
    .filter((draft) => draft.marks.length > 0 || draft.unsearched)
    .map(({ steps, isName, value, marks, unsearched }) => ({ steps, isName, value, marks, unsearched }));
}

/** Large whole numbers are looked at as they are written: a card number is often one. */
function textOf(value: Scalar): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 1e6 ? String(value) : undefined;
}

function listRaw(root: Json): Raw[] {
  const found: Raw[] = [];
  const walk = (value: Json, steps: Steps, field: string): void => {
    if (isJsonArray(value)) for (const [at, item] of value.entries()) walk(item, [...steps, at], field);
    else if (isJsonObject(value)) {
      for (const [name, member] of Object.entries(value)) {
        const here = [...steps, name];
        // As programs name fields; other names may be data: a map from addresses to balances.
        if (!/^[A-Za-z_$][A-Za-z0-9_-]{0,60}$/.test(name))
          found.push({ steps: here, field: "", isName: true, value: name });
        walk(member, here, name);
      }
    } else found.push({ steps, field, isName: false, value });
  };
  walk(root, [], "");
  return found;
}

/** A value that was declared in this very answer is known in its other places as well. */
async function addCarried(drafts: readonly Draft[], carried: NonNullable<Classifying["carried"]>): Promise<void> {
  const known = listDeclared(drafts);
  const asked = new Set(drafts.flatMap(({ whole, phrases }) => [...whole, ...phrases.map((one) => one.form)]));
  for (const [form, classes] of await carried([...asked].slice(0, formsMax))) {
    known.set(form, [...(known.get(form) ?? []), ...classes]);
  }
  for (const draft of drafts) markCarried(draft, known);
}

function listDeclared(drafts: readonly Draft[]): Map<string, string[]> {
  const known = new Map<string, string[]>();
  for (const { whole, marks } of drafts) {
    const classes = marks.filter((mark) => mark.how === "declared").map((mark) => mark.class);
    if (classes.length > 0) for (const form of whole) known.set(form, [...(known.get(form) ?? []), ...classes]);
  }
  return known;
}

/** What the whole is marked as need not be said of its parts. */
function markCarried({ whole, phrases, marks }: Draft, known: ReadonlyMap<string, readonly string[]>): void {
  const isMarked = (one: string): boolean =>
    marks.some((mark) => mark.from === undefined && coversClass(mark.class, one));
  for (const one of new Set(whole.flatMap((form) => known.get(form) ?? []))) {
    if (!isMarked(one)) marks.push({ class: one, how: "lineage" });
  }
  for (const { form, from, to } of phrases) {
    for (const one of new Set(known.get(form)))
      if (!isMarked(one)) marks.push({ class: one, how: "lineage", from, to });
  }
}
