/** Says of each asked value where it came from: the best origin that is known for it, by the cheapest comparison that finds it. */
import type { ActionId, ObservationId, Trust, ValueClass, ValueMatch, ValueOrigin } from "@airworthy/contract";

import type { Asked, AskedValue } from "./asked-values.ts";
import { findComputation, type Operands } from "./compute.ts";
import { holdsValue, isText } from "./texts.ts";
import { datesIn, foldText, foldWords, formsOf, numbersIn } from "./value-forms.ts";

/** The answer in which something was read. `at` in epoch ms. */
export type Source = {
  readonly id: ObservationId;
  readonly tool: string;
  readonly readBy: ActionId;
  readonly at: number;
};
/** A read value that shares a form with an asked one. */
export type Hit = {
  readonly form: string;
  readonly exact: boolean;
  readonly path: string;
  readonly sort: string;
  readonly inList: boolean;
  readonly trust: Trust;
  readonly source: Source;
};
export type KnownText = {
  readonly path: string;
  readonly trust: Trust;
  readonly text: string;
  readonly source: Source;
  /** The text made ready for being searched, when it first is; whoever keeps the text keeps this. */
  readonly searched: () => SearchedText;
};
/** `numbers`: the forms of the numbers and days in it. `amounts`: its numbers as such. */
export type SearchedText = {
  readonly folded: string;
  readonly numbers: ReadonlySet<string>;
  readonly amounts: readonly number[];
};
export type KnownNumber = {
  readonly path: string;
  readonly trust: Trust;
  readonly number: number;
  readonly source: Source;
};
export type Known = {
  /** What the person asked for, as the runner stated it; undefined when nothing was stated for this run. */
  readonly task: string | undefined;
  readonly hits: readonly Hit[];
  readonly texts: readonly KnownText[];
  readonly numbers: readonly KnownNumber[];
  /** More was read than could be kept or fetched. */
  readonly overflow: boolean;
};

type Found = Pick<ValueOrigin, "from" | "match" | "trust" | "observation">;

/** Characters of text that one action may have searched: what is left over then counts as an outsider's. */
const searchCharsMax = 16_000_000;
const numbersMax = 200;

export function classifyValues({ values, more }: Asked, known: Known): ValueOrigin[] {
  const look = prepare(known);
  const origins = values.map((value) => describe(value, findOrigin(value, look)));
  const rest: ValueOrigin = { argument: "$", from: "untrusted_tool", match: "overflow", trust: "untrusted" };
  return more ? [...origins, rest] : origins;
}

type Task = { readonly text: string; readonly words: string; readonly forms: ReadonlySet<string> };
type Look = {
  readonly known: Known;
  readonly hits: ReadonlyMap<string, readonly Hit[]>;
  readonly task: Task | undefined;
  readonly operands: () => Operands;
  readonly spent: { chars: number };
};

function prepare(known: Known): Look {
  const hits = new Map<string, Hit[]>();
  for (const hit of known.hits) hits.set(hit.form, [...(hits.get(hit.form) ?? []), hit]);
  return {
    known,
    hits,
    task: known.task === undefined ? undefined : readTask(known.task),
    operands: once(() => listOperands(known)),
    spent: { chars: 0 },
  };
}

function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => (made ??= { value: make() }).value;
}

/** Most texts are never looked into: values are found as a whole. */
export function knownText(read: Omit<KnownText, "searched">): KnownText {
  const searched = once(() => {
    const folded = foldText(read.text);
    return { folded, numbers: new Set(countableIn(folded)), amounts: numbersIn(read.text, numbersMax) };
  });
  return { ...read, searched };
}

/** The forms of the numbers and days in a folded text. */
function countableIn(folded: string): string[] {
  const days = datesIn(folded, numbersMax).map((day) => `d:${day}`);
  return [...numbersIn(folded, numbersMax).flatMap(formsOf), ...days];
}

function readTask(task: string): Task {
  const text = foldText(parted(task));
  return { text, words: foldWords(text), forms: new Set(countableIn(text)) };
}

function listOperands({ task, texts, numbers }: Known): Operands {
  const foreign = texts.filter((one) => one.trust !== "trusted");
  return {
    prompt: task === undefined ? [] : numbersIn(foldText(task), numbersMax),
    trusted: numbers.filter((one) => one.trust === "trusted").map((one) => one.number),
    untrusted: [
      ...numbers.filter((one) => one.trust !== "trusted").map((one) => one.number),
      ...foreign.flatMap((one) => one.searched().amounts),
    ],
  };
}

/** People forget the space after a full stop, and then an address seems to go on. */
const parted = (task: string): string => task.replaceAll(/([\p{Ll}\p{N}])\.(?=\p{Lu}\p{Ll})/gu, "$1. ");

function describe({ argument, reference, sensitive, value }: AskedValue, found: Found): ValueOrigin {
  return {
    argument,
    ...(reference ? { reference: String(value).slice(0, 200) } : {}),
    ...(sensitive === undefined ? {} : { sensitive }),
    ...found,
  };
}

/** The order is the order of trust: whatever an outsider repeats of what is known otherwise stays known otherwise. */
function findOrigin(asked: AskedValue, look: Look): Found {
  return (
    inTask(asked, look) ??
    wholeIn(asked, look, "trusted") ??
    computed(asked, look, "clean") ??
    insideTrusted(asked, look) ??
    outside(asked, look) ??
    worstPart(asked, look) ??
    unknown(look)
  );
}

function outside(asked: AskedValue, look: Look): Found | undefined {
  return (
    wholeIn(asked, look, "internal") ??
    inText(asked, look, "internal") ??
    wholeIn(asked, look, "untrusted") ??
    inText(asked, look, "untrusted") ??
    computed(asked, look, "tainted")
  );
}

function unknown({ known, spent }: Look): Found {
  const unsearched = known.overflow || spent.chars > searchCharsMax;
  return unsearched ? { from: "untrusted_tool", match: "overflow", trust: "untrusted" } : { from: "nowhere" };
}

function inTask({ value, forms }: AskedValue, { task }: Look): Found | undefined {
  if (task === undefined) return undefined;
  const folded = typeof value === "string" ? foldText(value) : "";
  if (folded !== "" && folded === task.text) return { from: "prompt", match: "exact" };
  if (holdsValue(task.text, folded)) return { from: "prompt", match: "substring" };
  const means = forms.some((form) => task.forms.has(form) || isAccountIn(form, task.words));
  if (means || holdsWords(task.words, value)) return { from: "prompt", match: "normalised" };
  return undefined;
}

/** Of a text of several words, whether they stand there in this order, punctuation aside. */
function holdsWords(words: string, value: AskedValue["value"]): boolean {
  return typeof value === "string" && isText(value) && holdsValue(words, foldWords(value));
}

/** An account number that the task writes in groups. */
function isAccountIn(form: string, words: string): boolean {
  return form.startsWith("c:") && words.replaceAll(" ", "").includes(form.slice(2)) && form.length >= 14;
}

function wholeIn({ forms, faint, sort, inList }: AskedValue, { hits }: Look, trust: Trust): Found | undefined {
  const found = forms
    .flatMap((form) => hits.get(form) ?? [])
    .filter((hit) => hit.trust === trust && (!faint || hit.sort === sort));
  // The text itself, before what else it may mean.
  const hit = found.find((one) => one.exact) ?? found[0];
  if (!hit) return undefined;
  return fromTool(hit, hit.exact ? (inList || hit.inList ? "member" : "exact") : "normalised");
}

const fromWorst: readonly ValueClass[] = ["nowhere", "untrusted_tool", "derived", "trusted_tool", "prompt"];

/** A list in one text comes from where the worst of its members comes from. */
function worstPart({ parts }: AskedValue, look: Look): Found | undefined {
  const found = parts.map((part) => findOrigin(part, look));
  const worst = found.toSorted((one, other) => fromWorst.indexOf(one.from) - fromWorst.indexOf(other.from))[0];
  return worst && (worst.match === undefined || worst.match === "overflow" ? worst : { ...worst, match: "member" });
}

/** A trusted system vouches for the values it returns, not for what somebody wrote inside a text it keeps. */
function insideTrusted(asked: AskedValue, look: Look): Found | undefined {
  const found = inText(asked, look, "trusted");
  return found && { ...found, from: "derived" };
}

function inText(asked: AskedValue, look: Look, trust: Trust): Found | undefined {
  const { value, forms, faint } = asked;
  if (typeof value === "boolean") return undefined;
  const folded = typeof value === "string" ? foldText(value) : "";
  const countable = faint ? [] : forms.filter((form) => /^[nd]:/.test(form));
  for (const text of look.known.texts) {
    if (text.trust !== trust || look.spent.chars > searchCharsMax) continue;
    const searched = text.searched();
    look.spent.chars += searched.folded.length;
    if (folded.length > 1 && holdsValue(searched.folded, folded)) return fromTool(text, "substring");
    if (countable.some((form) => searched.numbers.has(form))) return fromTool(text, "substring");
  }
  return undefined;
}

function computed({ value }: AskedValue, { operands, known }: Look, wanted: "clean" | "tainted"): Found | undefined {
  if (typeof value !== "number" || findComputation(value, operands()) !== wanted) return undefined;
  if (wanted === "clean") return { from: "derived", match: "computed" };
  const { prompt, trusted } = operands();
  const isNeeded = (untrusted: readonly number[]): boolean =>
    findComputation(value, { prompt, trusted, untrusted }) === "tainted";
  const source =
    known.numbers.find((one) => one.trust !== "trusted" && isNeeded([one.number])) ??
    known.texts.find((one) => one.trust !== "trusted" && isNeeded(one.searched().amounts));
  return source && fromTool(source, "computed");
}

type Place = Pick<Hit, "path" | "trust" | "source">;

function fromTool({ path, trust, source }: Place, match: ValueMatch): Found {
  const { id, tool, readBy, at } = source;
  return {
    from: trust === "trusted" ? "trusted_tool" : "untrusted_tool",
    match,
    trust,
    observation: { id, tool, readBy, path, at: new Date(at).toISOString() },
  };
}
