/** What an agent has read in one answer, as the value index keeps it: forms to find values by, texts to find them in. */
import type { GovernedTool, Json, JsonObject, Trust } from "@airworthy/contract";

import { isJsonArray, isJsonObject, parseJsonStrict } from "../json.ts";
import { findRoot } from "../yields.ts";
import { type Leaf, listLeaves } from "./leaves.ts";
import { isText } from "./texts.ts";
import { readTrust } from "./trust-map.ts";
import { formsOf, isFaint, sortOf } from "./value-forms.ts";

/** One value as it can be found again. `sort` is the last word of the name it stood under. */
export type ReadValue = {
  readonly forms: readonly string[];
  readonly value: Json;
  readonly path: string;
  readonly sort: string;
  readonly inList: boolean;
  readonly trust: Trust;
};
/** A text to search in, or a number to calculate with. */
export type ReadText = { readonly path: string; readonly trust: Trust; readonly text: string };
export type ReadNumber = { readonly path: string; readonly trust: Trust; readonly number: number };
export type Reading = {
  readonly values: readonly ReadValue[];
  readonly texts: readonly ReadText[];
  readonly numbers: readonly ReadNumber[];
  /** More was read than is kept: what is not found may have been there. */
  readonly overflow: boolean;
};

export type Answer = {
  readonly result: Json | undefined;
  /** What the agent is told beside the result, such as why it failed. */
  readonly message?: string;
  readonly arguments: JsonObject;
  /** Undefined where the tool is no longer known: then anyone may have written the answer. */
  readonly definition: GovernedTool["definition"] | undefined;
  readonly mcp: boolean;
};

const valuesMax = 2000;
const numbersMax = 200;
const textCharsMax = 65_536;
const none: Reading = { values: [], texts: [], numbers: [], overflow: false };

/** Undefined when nothing was told. Bounded: 2,000 values, 65,536 characters of text, 200 numbers of an answer. */
export function readAnswer(answer: Answer): Reading | undefined {
  const trustOf = readTrust(answer.definition ?? {});
  const roots = answer.result === undefined ? [] : rootsOf(answer.result, answer.mcp);
  if (answer.message !== undefined && answer.message !== "") roots.push({ root: answer.message, outside: true });
  const echoed = formsOfArguments(answer.arguments);
  let reading = none;
  for (const { root, outside } of roots) {
    const { leaves, more } = listLeaves(root, { max: valuesMax - reading.values.length, names: true });
    const part = takeIn(leaves, { trustOf: outside ? () => "untrusted" : trustOf, echoed, from: reading });
    reading = { ...part, overflow: part.overflow || more };
  }
  return reading.values.length + reading.texts.length === 0 && !reading.overflow ? undefined : reading;
}

type Root = { readonly root: Json; readonly outside: boolean };

/** An MCP server says the same twice, once for programs and once for models; what the two do not share is anyone's word. */
function rootsOf(result: Json, mcp: boolean): Root[] {
  const root = findRoot({ result, mcp, fetchedAt: 0 });
  if (!mcp || !isJsonObject(result) || !isJsonArray(result["content"])) return [{ root, outside: false }];
  const parts = result["content"];
  if (result["structuredContent"] === undefined)
    return parts.map((part) => ({ root: parsed(part) ?? part, outside: false }));
  const text = JSON.stringify(root);
  const others = parts.filter((part) => JSON.stringify(parsed(part)) !== text);
  return [{ root, outside: false }, ...others.map((part) => ({ root: parsed(part) ?? part, outside: true }))];
}

const textOf = (part: Json): Json | undefined => (isJsonObject(part) ? part["text"] : undefined);

function parsed(part: Json): Json | undefined {
  const text = textOf(part);
  if (typeof text !== "string") return undefined;
  try {
    return parseJsonStrict(Buffer.from(text));
  } catch {
    return undefined;
  }
}

/** An answer that repeats the question vouches for nothing in it. */
function formsOfArguments(args: JsonObject): ReadonlySet<string> {
  const { leaves } = listLeaves(args, { max: valuesMax });
  const said = leaves.filter(({ value }) => typeof value === "string" && !isFaint(value));
  return new Set(said.flatMap(({ value }) => formsOf(value)));
}

type Taking = {
  readonly trustOf: (path: string) => Trust;
  readonly echoed: ReadonlySet<string>;
  readonly from: Reading;
};

function takeIn(leaves: readonly Leaf[], { trustOf, echoed, from }: Taking): Reading {
  const values = [...from.values];
  const texts = [...from.texts];
  const numbers = [...from.numbers];
  let chars = texts.reduce((sum, one) => sum + one.text.length, 0);
  let { overflow } = from;
  for (const leaf of leaves) {
    const { value, path } = leaf;
    const trust = trustOf(path);
    const forms = formsOf(value);
    const isEcho = typeof value === "string" && forms.some((form) => echoed.has(form));
    if (forms.length > 0 && !isEcho) {
      values.push({ forms, value, path, sort: sortOf(leaf.key), inList: leaf.inList, trust });
    }
    if (typeof value === "number" && numbers.length < numbersMax) numbers.push({ path, trust, number: value });
    if (typeof value !== "string" || !isText(value)) continue;
    if (chars + value.length > textCharsMax) overflow = true;
    else {
      chars += value.length;
      texts.push({ path, trust, text: value });
    }
  }
  return { values, texts, numbers, overflow };
}
