/** Takes the facts out of a read's result, as the tool's `yields` rules say, each with the age its source states. */
import { Buffer } from "node:buffer";

import type { Json, JsonObject, YieldRule } from "@airworthy/contract";

import { durationMs } from "./duration.ts";
import { identifierOf } from "./identifier.ts";
import { isJsonArray, isJsonObject, parseJsonStrict } from "./json.ts";
import { parsePath, placeEach, placeOf, readPath } from "./path.ts";
import type { Path, Placed } from "./path.ts";
import { readTime } from "./read-time.ts";

/**
 * What is wrong with a fact. `wrong_type`: the key or the value is absent, not of the declared type or too long, and it must
 * not be used. The others leave `asOf` undefined, so that the value is known but never fresh.
 */
type FactProblem = "wrong_type" | "as_of_missing" | "as_of_unreadable" | "as_of_future";

export type ExtractedFact = {
  readonly fact: string;
  /** Empty when the result has no key to give. */
  readonly key: string;
  /** Null when the result has no value to give. */
  readonly value: Json;
  /** Epoch ms, never later than `fetchedAt`. */
  readonly asOf: number | undefined;
  readonly sourceVersion?: string;
  readonly batch?: string;
  readonly document?: string;
  /** Where its value stands: as the paths of leaves are written (`provenance/leaves.ts`). */
  readonly path?: string;
  /** The record that holds it: the item of `each`, or the whole answer. */
  readonly item?: string;
  readonly problem?: FactProblem;
};

export type YieldingAnswer = {
  readonly result: Json;
  readonly version?: string;
  /** Epoch ms of the database's clock when the result arrived. */
  readonly fetchedAt: number;
  /** Whether the result is a whole MCP tool result. Without it this is judged by the result's shape. */
  readonly mcp?: boolean;
};

/** More than this many facts of one result are not looked at: such a read is a report, not a look-up. */
export const maxFactsPerResult = 10_000;

const defaultSkewMs = 2000;

/** Every fact the rules find, in the order of rules and items. Never throws for what a result holds. */
export function extractFacts(rules: readonly YieldRule[], answer: YieldingAnswer): ExtractedFact[] {
  if (rules.length === 0) return [];
  const root = findRoot(answer);
  const facts: ExtractedFact[] = [];
  for (const rule of rules) {
    const paths = parseRule(rule);
    const items = paths.each === undefined ? [{ value: root, at: "$" }] : placeEach(paths.each, root);
    for (const item of items) {
      if (facts.length >= maxFactsPerResult) return facts;
      facts.push(extractOne({ rule, paths }, { root, item }, answer));
    }
  }
  return facts;
}

type RulePaths = {
  readonly each: Path | undefined;
  readonly key: Path;
  readonly value: Path;
  readonly asOf: Path | undefined;
  readonly version: Path | undefined;
  readonly batch: Path | undefined;
  readonly document: Path | undefined;
};

function parseRule(rule: YieldRule): RulePaths {
  return {
    each: parseOptional(rule.each),
    key: parsePath(rule.key),
    value: parsePath(rule.value),
    asOf: parseOptional(rule.asOf),
    version: parseOptional(rule.version),
    batch: parseOptional(rule.batch),
    document: parseOptional(rule.document),
  };
}

function parseOptional(text: string | undefined): Path | undefined {
  return text === undefined ? undefined : parsePath(text);
}

function extractOne(
  { rule, paths }: { readonly rule: YieldRule; readonly paths: RulePaths },
  { root, item }: { readonly root: Json; readonly item: Placed },
  answer: YieldingAnswer,
): ExtractedFact {
  const scope = { root, item: item.value };
  const textAt = (path: Path | undefined): string | undefined => path && identifierOf(readPath(path, scope));
  const key = textAt(paths.key);
  const value = readPath(paths.value, scope);
  const [version, batch, document] = [
    textAt(paths.version) ?? answer.version,
    textAt(paths.batch),
    textAt(paths.document),
  ];
  const base = {
    fact: rule.fact,
    key: key ?? "",
    ...(version === undefined ? {} : { sourceVersion: version }),
    ...(batch === undefined ? {} : { batch }),
    ...(document === undefined ? {} : { document }),
    path: placeOf(paths.value.steps, paths.value.root === "@" ? item.at : "$"),
    item: item.at,
  };
  if (key === undefined || value === undefined || !hasType(value, rule.type)) {
    return { ...base, value: value ?? null, asOf: undefined, problem: "wrong_type" };
  }
  const age = judgeAsOf(paths.asOf && readPath(paths.asOf, scope), rule, answer.fetchedAt);
  return { ...base, value, ...age };
}

/** How far the source's clock may be off, in ms. */
export function skewMsOf({ skew }: Pick<YieldRule, "skew">): number {
  return skew === undefined ? defaultSkewMs : durationMs(skew);
}

type Age = { readonly asOf: number | undefined; readonly problem?: FactProblem };

function judgeAsOf(stated: Json | undefined, rule: YieldRule, fetchedAt: number): Age {
  const skewMs = skewMsOf(rule);
  const asOf = stated === undefined || stated === null ? undefined : readTime(stated);
  if (asOf !== undefined && asOf <= fetchedAt + skewMs) return { asOf: Math.min(asOf, fetchedAt) };
  if (rule.authoritative === true) return { asOf: fetchedAt };
  if (asOf !== undefined) return { asOf: undefined, problem: "as_of_future" };
  return { asOf: undefined, problem: stated === undefined || stated === null ? "as_of_missing" : "as_of_unreadable" };
}

/** Of a fact that is a record or a list: characters of its JSON. Each such fact is kept in the evidence of the action. */
const maxRecordLength = 32_768;

function hasType(value: Json, type: YieldRule["type"]): boolean {
  if (type === "json") return value !== null && JSON.stringify(value).length <= maxRecordLength;
  return type === "integer" ? Number.isSafeInteger(value) : typeof value === type;
}

const mcpMembers: ReadonlySet<string> = new Set(["content", "structuredContent", "isError", "_meta", "resultType"]);

/** Of an MCP tool result its structured content, or else the JSON that its first text holds; of others the result. */
export function findRoot({ result, mcp }: YieldingAnswer): Json {
  if (mcp === false || !isJsonObject(result)) return result;
  if (mcp !== true && !looksLikeMcp(result)) return result;
  const { structuredContent, content } = result;
  if (structuredContent !== undefined) return structuredContent;
  const first = isJsonArray(content)
    ? content.find((part) => isJsonObject(part) && part["type"] === "text")
    : undefined;
  const text = isJsonObject(first) ? first["text"] : undefined;
  if (typeof text !== "string") return result;
  try {
    return parseJsonStrict(Buffer.from(text));
  } catch {
    return result;
  }
}

function looksLikeMcp(result: JsonObject): boolean {
  if (!Object.keys(result).every((name) => mcpMembers.has(name))) return false;
  const content = result["content"];
  return isJsonArray(content) && content.every((part) => isJsonObject(part) && typeof part["type"] === "string");
}
