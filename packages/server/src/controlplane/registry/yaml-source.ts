/** Reads one YAML file into plain values that know where they stand, refusing what would harm the reader. */
import type { ConfigFile, Finding } from "@airworthy/contract";
import { Composer, Parser } from "yaml";
import type { CST, Document, YAMLError } from "yaml";

import { makeFinding } from "./finding-codes.ts";
import type { Locator, SourceText } from "./place.ts";
import { locateIn, placeOf } from "./yaml-places.ts";
import { findNodeFaults } from "./yaml-nodes.ts";

export type YamlDocument = { readonly value: unknown; readonly line: number; readonly locator: Locator };
/** `complete` is false when something of the file could not be read, so that names may be missing from it. */
export type YamlSource = {
  readonly documents: readonly YamlDocument[];
  readonly findings: readonly Finding[];
  readonly complete: boolean;
};

const MAX_DEPTH = 64;
const MAX_VALUES = 50_000;
const MAX_ALIASES = 50;
const MAX_FAULTS = 10;

/** Reads all documents of a file. Never throws; empty documents are left out. */
export function readYaml(file: ConfigFile): YamlSource {
  const text = file.text.replace(/^\uFEFF/, "");
  const lineStarts = [0, ...Array.from(text.matchAll(/\n/g), (match) => match.index + 1)];
  const source = { file: file.path, text, lineStarts };
  const tokens = [...new Parser().parse(text)];
  const deep = tokens.find((token) => token.type === "document" && isTooDeep(token));
  // The composer recurses. Past the stack's end the process dies rather than throws, so depth is judged before it runs.
  if (deep !== undefined) {
    const place = placeOf(source, deep.offset, deep.offset + 1);
    return {
      documents: [],
      findings: [
        makeFinding("AW1004", { file: file.path, place }, { message: `nested deeper than ${MAX_DEPTH} levels` }),
      ],
      complete: false,
    };
  }
  return compose(source, tokens);
}

function compose(source: SourceText, tokens: readonly CST.Token[]): YamlSource {
  const composer = new Composer({ uniqueKeys: false, stringKeys: true, resolveKnownTags: false, logLevel: "silent" });
  const parsed = [...composer.compose(tokens, false, source.text.length)];
  const documents: YamlDocument[] = [];
  const findings: Finding[] = [];
  if (parsed.length === 0) {
    for (const fault of composer.streamInfo().errors.slice(0, MAX_FAULTS)) findings.push(describeSyntax(source, fault));
  }
  let complete = findings.length === 0;
  for (const document of parsed) {
    const read = readDocument(source, document);
    findings.push(...read.findings);
    if (read.document !== undefined) documents.push(read.document);
    if (read.findings.length > 0) complete = false;
  }
  return { documents, findings, complete };
}

function readDocument(
  source: SourceText,
  document: Document.Parsed,
): { readonly document?: YamlDocument; readonly findings: readonly Finding[] } {
  const syntax = [...document.errors, ...document.warnings];
  if (syntax.length > 0) {
    return { findings: syntax.slice(0, MAX_FAULTS).map((fault) => describeSyntax(source, fault)) };
  }
  const locator = locateIn(source, document);
  if (document.contents === null || isEmptyScalar(document)) return { findings: [] };
  const faults = findNodeFaults(source, document);
  if (faults.length > 0) return { findings: faults.slice(0, MAX_FAULTS) };
  const place = locator.value([]);
  const value = expand(document);
  if (value === undefined) {
    const message = `the aliases of this document expand to more than is allowed (${MAX_ALIASES} aliases, ${MAX_VALUES} values)`;
    return { findings: [makeFinding("AW1004", { file: source.file, place }, { message })] };
  }
  return { document: { value: value.plain, line: place.line, locator }, findings: [] };
}

/** A document of nothing but comments and markers. */
function isEmptyScalar(document: Document.Parsed): boolean {
  const [start, end] = document.contents?.range ?? [0, 0];
  return start === end;
}

function expand(document: Document.Parsed): { readonly plain: unknown } | undefined {
  try {
    const plain: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
    return countValues(plain, { depth: 0, left: MAX_VALUES }) < 0 ? undefined : { plain };
  } catch (error) {
    // The library reports excessive and self-referring aliases by throwing; either way nothing has been kept.
    if (error instanceof ReferenceError || error instanceof RangeError || error instanceof TypeError) return undefined;
    throw error;
  }
}

/** How many values may still come, negative when there are too many or they are too deep, as in a circle. */
function countValues(value: unknown, budget: { readonly depth: number; readonly left: number }): number {
  let left = budget.left - 1;
  if (budget.depth > MAX_DEPTH) return -1;
  if (typeof value !== "object" || value === null) return left;
  for (const member of Object.values(value)) {
    if (left < 0) return left;
    left = countValues(member, { depth: budget.depth + 1, left });
  }
  return left;
}

function describeSyntax(source: SourceText, fault: YAMLError): Finding {
  // What is missing at the end is shown at the last thing there is, not on the empty line after it.
  const last = Math.max(source.text.trimEnd().length - 1, 0);
  const place = fault.pos[0] > last ? placeOf(source, last, last + 1) : placeOf(source, fault.pos[0], fault.pos[1]);
  const isTag = fault.code === "TAG_RESOLVE_FAILED";
  const message = (fault.message.split("\n", 1)[0] ?? fault.message).slice(0, 200);
  return makeFinding(isTag ? "AW1006" : "AW1003", { file: source.file, place }, { message: lowerFirst(message) });
}

function lowerFirst(text: string): string {
  return `${text.slice(0, 1).toLowerCase()}${text.slice(1)}`;
}

function isTooDeep(document: CST.Document): boolean {
  let level: CST.Token[] = document.value === undefined ? [] : [document.value];
  for (let depth = 0; level.length > 0; depth += 1) {
    if (depth > MAX_DEPTH) return true;
    level = level.flatMap(childrenOf);
  }
  return false;
}

function childrenOf(token: CST.Token): CST.Token[] {
  if (!("items" in token)) return [];
  const children: CST.Token[] = [];
  for (const item of token.items) {
    if (item.key !== undefined && item.key !== null) children.push(item.key);
    if (item.value !== undefined) children.push(item.value);
  }
  return children;
}
