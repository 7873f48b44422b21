/** Turns paths into a YAML document into places in its text. */
import { isAlias, isCollection, isMap, isScalar, isSeq } from "yaml";
import type { Document, Node } from "yaml";

import type { DataPath, Locator, Place, SourceText } from "./place.ts";

type Found = { readonly node: Node | undefined; readonly key: Node | undefined; readonly isWhole: boolean };

/** The place of `[start, end)`, cut at the end of its first line. */
export function placeOf({ text, lineStarts }: SourceText, start: number, end: number): Place {
  const from = Math.min(start, text.length);
  const line = countStarts(lineStarts, from);
  const lineEnd = text.slice(from, end).search(/[\r\n]/);
  const length = lineEnd < 0 ? Math.min(end, text.length) - from : lineEnd;
  return { line, column: from - (lineStarts[line - 1] ?? 0) + 1, length: Math.max(length, 1) };
}

/** How many lines begin at or before the offset. */
function countStarts(lineStarts: readonly number[], offset: number): number {
  let [low, high] = [0, lineStarts.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((lineStarts[middle] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function locateIn(source: SourceText, document: Document.Parsed): Locator {
  const nodePlace = (node: Node): Place => placeOf(source, ...rangeOf(node));
  const value = (path: DataPath): Place => {
    const { node, key } = find(document, path);
    if (node !== undefined && isOneThing(node)) return nodePlace(node);
    if (key !== undefined) return nodePlace(key);
    const first = node === undefined ? undefined : firstPart(node);
    return first === undefined ? placeOf(source, 0, 1) : nodePlace(first);
  };
  const key = (path: DataPath): Place => {
    const found = find(document, path);
    return found.isWhole && found.key !== undefined ? nodePlace(found.key) : value(path);
  };
  const text = (path: DataPath, wanted: string): Place => {
    const { node, isWhole } = find(document, path);
    if (node === undefined || !isWhole) return value(path);
    const [start, end] = rangeOf(node);
    const offset = source.text.slice(start, end).indexOf(wanted);
    return offset < 0 ? value(path) : placeOf(source, start + offset, start + offset + wanted.length);
  };
  return { value, key, text };
}

/** The node at the path, or the nearest above it; `key` is the key under which that node stands. */
function find(document: Document.Parsed, path: DataPath): Found {
  let node: Node | undefined = document.contents ?? undefined;
  let key: Node | undefined;
  for (const step of path) {
    const inner = isAlias(node) ? node.resolve(document) : node;
    const next = typeof step === "string" ? memberOf(inner, step) : itemOf(inner, step);
    if (next === undefined) return { node, key, isWhole: false };
    ({ node, key } = next);
  }
  return { node, key, isWhole: true };
}

function memberOf(node: Node | undefined, name: string): Omit<Found, "isWhole"> | undefined {
  if (!isMap<Node, Node | null>(node)) return undefined;
  const pair = node.items.find((item) => isScalar(item.key) && item.key.value === name);
  return pair === undefined ? undefined : { node: pair.value ?? undefined, key: pair.key };
}

function itemOf(node: Node | undefined, index: number): Omit<Found, "isWhole"> | undefined {
  if (!isSeq<Node>(node)) return undefined;
  const item = node.items[index];
  return item === undefined ? undefined : { node: item, key: undefined };
}

/** Whether marking the node's first line marks the node: a scalar, an alias, `[…]` or `{…}`, but no block. */
function isOneThing(node: Node): boolean {
  const [start, end] = rangeOf(node);
  return start !== end && (!isCollection(node) || node.flow === true);
}

function firstPart(node: Node): Node | undefined {
  if (!isCollection(node)) return node;
  const [first] = isMap<Node, Node | null>(node) ? node.items.map((item) => item.key) : [];
  return first ?? node;
}

function rangeOf(node: Node): [number, number] {
  const [start, end] = node.range ?? [0, 0];
  return [start, end];
}
