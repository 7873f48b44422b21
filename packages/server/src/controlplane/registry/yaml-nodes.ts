/** Finds what YAML allows and configuration does not: repeated keys, reserved keys, values that JSON cannot carry. */
import type { Finding } from "@airworthy/contract";
import { isAlias, isMap, isScalar, isSeq } from "yaml";
import type { Document, Node, YAMLMap } from "yaml";

import { makeFinding } from "./finding-codes.ts";
import { isReservedName } from "./reserved-names.ts";
import type { SourceText } from "./place.ts";
import { placeOf } from "./yaml-places.ts";

type Walk = { readonly source: SourceText; readonly document: Document.Parsed; readonly findings: Finding[] };

/** The document's depth must have been judged before: this recurses. */
export function findNodeFaults(source: SourceText, document: Document.Parsed): Finding[] {
  const walk: Walk = { source, document, findings: [] };
  visit(walk, document.contents);
  return walk.findings;
}

function visit(walk: Walk, node: Node | null): void {
  if (isMap<Node, Node | null>(node)) {
    visitKeys(walk, node);
    for (const pair of node.items) visit(walk, pair.value);
    return;
  }
  if (isSeq<Node>(node)) {
    for (const item of node.items) visit(walk, item);
    return;
  }
  if (isAlias(node) && node.resolve(walk.document) === undefined) {
    report(walk, node, { code: "AW1003", message: `no anchor &${node.source} stands before this alias` });
  }
  const fault = isScalar(node) ? findScalarFault(node.value) : undefined;
  if (node !== null && fault !== undefined) report(walk, node, { code: "AW1006", message: fault });
}

function visitKeys(walk: Walk, map: YAMLMap<Node, Node | null>): void {
  const seen = new Map<string, Node>();
  for (const { key } of map.items) {
    const name = isScalar(key) ? String(key.value) : "";
    const first = seen.get(name);
    if (first === undefined) seen.set(name, key);
    else {
      const { line } = placeOf(walk.source, first.range?.[0] ?? 0, 0);
      report(walk, key, { code: "AW1005", message: `"${name}" is written twice; first on line ${line}` });
    }
    if (isReservedName(name)) report(walk, key, { code: "AW1017", message: `"${name}" is a reserved name` });
  }
}

function findScalarFault(value: unknown): string | undefined {
  if (typeof value === "number" && !Number.isFinite(value)) return "this number is not finite";
  if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) {
    return "this integer is too large to be exact; write it as text";
  }
  if (typeof value === "string" && /\0|\p{Surrogate}/u.test(value)) {
    return "this text holds a character that cannot be stored (NUL or half of a surrogate pair)";
  }
  return undefined;
}

function report(
  walk: Walk,
  node: Node,
  what: { readonly code: "AW1003" | "AW1005" | "AW1006" | "AW1017"; readonly message: string },
): void {
  const [start, end] = node.range ?? [0, 0];
  const place = placeOf(walk.source, start, end);
  walk.findings.push(makeFinding(what.code, { file: walk.source.file, place }, { message: what.message }));
}
