/** Says in words what the schema found wrong in a document, and where it stands. */
import type { Finding } from "@airworthy/contract";
import type { z } from "zod";

import { makeFinding } from "./finding-codes.ts";
import type { FindingCode } from "./finding-codes.ts";
import { exampleOf } from "./key-examples.ts";
import { suggestName } from "./nearest-name.ts";
import type { DataPath, Locator, Place } from "./place.ts";
import { knownKeys } from "./schema-keys.ts";

type Issue = z.core.$ZodIssue;
export type Subject = {
  readonly file: string;
  readonly value: unknown;
  readonly locator: Locator;
  readonly schema: z.core.$ZodType;
};
type Text = { readonly message: string; readonly hint?: string | undefined };

export function describeIssue(subject: Subject, issue: Issue, base: DataPath = []): Finding[] {
  const path = [...base, ...toDataPath(issue.path)];
  if (isSecretPath(path) && !isRecord(valueAt(subject.value, path))) return [describeInlineSecret(subject, path)];
  if (issue.code === "unrecognized_keys") return issue.keys.map((key) => describeUnknownKey(subject, path, key));
  if (valueAt(subject.value, path) === undefined) return [describeMissing(subject, path)];
  if (issue.code === "invalid_union") return describeUnion(subject, issue, path);
  if (issue.code === "invalid_key") {
    const text = { message: `${show(path.at(-1))} cannot be a key here: ${reasonOf(issue.issues[0])}` };
    return [at(subject, { code: "AW1013", place: subject.locator.key(path) }, text)];
  }
  const { code, text } = describeValue(subject, issue, path);
  return [at(subject, { code, place: subject.locator.value(path) }, text)];
}

function at(subject: Subject, where: { readonly code: FindingCode; readonly place: Place }, text: Text): Finding {
  return makeFinding(where.code, { file: subject.file, place: where.place }, text);
}

function describeUnknownKey(subject: Subject, path: DataPath, key: string): Finding {
  const hint = suggestName(key, knownKeys(subject.schema, path));
  const place = subject.locator.key([...path, key]);
  return at(subject, { code: "AW1009", place }, { message: `"${clip(key)}" is not a key of ${nameOf(path)}`, hint });
}

function describeMissing(subject: Subject, path: DataPath): Finding {
  const key = String(path.at(-1) ?? "");
  const example = exampleOf(key, parentKey(path.slice(0, -1)));
  const place = subject.locator.key(path.slice(0, -1));
  const text = { message: `${nameOf(path.slice(0, -1))} needs "${key}"`, hint: example && `for example ${example}` };
  return at(subject, { code: "AW1010", place }, text);
}

function describeInlineSecret(subject: Subject, path: DataPath): Finding {
  if (valueAt(subject.value, path) === undefined) return describeMissing(subject, path);
  const place = subject.locator.value(path);
  return at(
    subject,
    { code: "AW1402", place },
    {
      message: "a secret never stands in a document",
      hint: "write { env: NAME } or { file: PATH }, and change the secret: it has been written down",
    },
  );
}

function describeValue(
  subject: Subject,
  issue: Issue,
  path: DataPath,
): { readonly code: FindingCode; readonly text: Text } {
  const value = valueAt(subject.value, path);
  const key = parentKey(path) ?? "this";
  if (issue.code === "invalid_type") {
    const quote =
      issue.expected === "string" && typeof value !== "object" ? `write it in quotes: '${show(value)}'` : undefined;
    return {
      code: "AW1011",
      text: { message: `${key} must be ${typeName(issue.expected)}, not ${kindOf(value)}`, hint: quote },
    };
  }
  if (issue.code === "invalid_value") {
    const allowed = issue.values.map(String);
    const hint = typeof value === "string" ? suggestName(value, allowed.length > 1 ? allowed : []) : undefined;
    const list = allowed.length === 1 ? `must be ${allowed.join("")}` : `is not one of ${allowed.join(", ")}`;
    return {
      code: "AW1012",
      text: { message: `${show(value)} ${list}`, hint: hint?.startsWith("did") === true ? hint : undefined },
    };
  }
  return { code: "AW1013", text: { message: `${show(value)} does not fit ${key}: ${reasonOf(issue)}` } };
}

/** Picks the alternative that the author most probably meant; where none stands out, names them all. */
function describeUnion(subject: Subject, issue: Issue & { readonly code: "invalid_union" }, path: DataPath): Finding[] {
  const value = valueAt(subject.value, path);
  const place = subject.locator.value(path);
  if (issue.errors.length === 0) {
    const options = "options" in issue && Array.isArray(issue.options) ? issue.options.map(String) : [];
    const hint = typeof value === "string" ? suggestName(value, options) : undefined;
    return [
      at(subject, { code: "AW1012", place }, { message: `${show(value)} is not one of ${options.join(", ")}`, hint }),
    ];
  }
  const best = issue.errors.toSorted((left, right) => scoreOf(left) - scoreOf(right))[0] ?? [];
  if (isRecord(value) && !best.some((one) => one.path.length === 0 && one.code === "invalid_type")) {
    return best.flatMap((one) => describeIssue(subject, one, path));
  }
  const forms = [...new Set(issue.errors.map((errors) => reasonOf(errors[0])))];
  const message = `${show(value)} does not fit ${parentKey(path) ?? "this"}: it must be ${forms.join(" or ")}`;
  return [at(subject, { code: "AW1014", place }, { message })];
}

/** An alternative that knows none of the keys is further off than one that misses some. */
function scoreOf(issues: readonly Issue[]): number {
  return issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? 2 * issue.keys.length : 1), 0);
}

const patterns: Readonly<Record<string, string>> = {
  "/^[A-Z]{3}$/": "three capital letters such as EUR (ISO 4217)",
  "/^[a-zA-Z_][a-zA-Z0-9_]*$/": "letters, digits and underscores, not beginning with a digit",
  "/^[a-z][a-z0-9_-]*$/": "lower-case letters, digits, dashes and underscores, beginning with a letter",
  "/^sha256:[0-9a-f]{64}$/": "sha256: and 64 hexadecimal digits",
};

/** What the value would have to be, as the end of a sentence. */
function reasonOf(issue: Issue | undefined): string {
  if (issue === undefined) return "something else";
  if (issue.code === "invalid_type") return typeName(issue.expected);
  if (issue.code === "invalid_format") return formatName(issue);
  if (issue.code === "too_small") {
    return `${issue.inclusive === false ? "more than" : "at least"} ${issue.minimum}${unitOf(issue.origin)}`;
  }
  if (issue.code === "too_big") {
    return `${issue.inclusive === false ? "less than" : "at most"} ${issue.maximum}${unitOf(issue.origin)}`;
  }
  return issue.message;
}

function formatName(issue: Issue & { readonly code: "invalid_format" }): string {
  if (issue.format === "starts_with" && "prefix" in issue) return `it must begin with ${String(issue.prefix)}`;
  if (issue.format === "email") return "an e-mail address";
  const isGeneric = issue.message.startsWith("Invalid ");
  return isGeneric ? (patterns[issue.pattern ?? ""] ?? `a text that matches ${issue.pattern}`) : issue.message;
}

function unitOf(origin: string): string {
  if (origin === "string") return " characters";
  return origin === "array" ? " entries" : "";
}

const typeNames: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "a map",
  record: "a map",
};

function typeName(expected: string): string {
  return typeNames[expected] ?? expected;
}

function kindOf(value: unknown): string {
  if (value === null) return "empty";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  return typeof value === "string" ? `the text ${show(value)}` : show(value);
}

function show(value: unknown): string {
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "this list" : "this map";
  return clip(JSON.stringify(value) ?? "nothing");
}

function clip(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}

function nameOf(path: DataPath): string {
  const key = parentKey(path);
  return key === undefined
    ? "this document"
    : `"${key}"${typeof path.at(-1) === "number" ? `, entry ${Number(path.at(-1)) + 1}` : ""}`;
}

/** The nearest key at or above the end of the path. */
function parentKey(path: DataPath): string | undefined {
  const key = path.findLast((step) => typeof step === "string");
  return typeof key === "string" ? key : undefined;
}

function isSecretPath(path: DataPath): boolean {
  return (
    (path.length === 2 && path[0] === "auth" && path[1] === "value") || (path.length === 1 && path[0] === "connection")
  );
}

function valueAt(value: unknown, path: DataPath): unknown {
  let current = value;
  for (const step of path) {
    if (typeof current !== "object" || current === null || !Object.hasOwn(current, step)) return undefined;
    current = Reflect.get(current, step);
  }
  return current;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function toDataPath(path: readonly PropertyKey[]): DataPath {
  return path.map((step) => (typeof step === "number" ? step : String(step)));
}
