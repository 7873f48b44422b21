/** Finds in an expression what an agent could make expensive by the arguments it sends. */
import { isLeaf, isSyntaxNode, type SyntaxNode } from "./syntax-node.ts";

export type Cost = { readonly message: string; readonly fix: string };

/** With the limit of items in a list, an expression looks at most at the square of it. */
const maxNesting = 2;
const comprehensions: ReadonlySet<unknown> = new Set(["all", "exists", "exists_one", "map", "filter"]);

/** The first such thing, or undefined. */
export function findCost(node: unknown, nesting = 0): Cost | undefined {
  if (Array.isArray(node)) return findFirst(node, nesting);
  if (!isSyntaxNode(node) || isLeaf(node)) return undefined;
  const call = readCall(node);
  if (call === undefined) return findCost(node.args, nesting);
  if (call.name === "matches") {
    return {
      message: "matches is not allowed: a pattern may take for ever",
      fix: "Compare with ==, in, startsWith, endsWith or contains.",
    };
  }
  const isLoop = comprehensions.has(call.name);
  if (isLoop && nesting >= maxNesting) {
    const fix = `Nest at most ${maxNesting} of all, exists, exists_one, map and filter.`;
    return { message: "comprehensions are nested too deeply", fix };
  }
  return findCost(call.on, nesting) ?? findCost(call.with, isLoop ? nesting + 1 : nesting);
}

function findFirst(nodes: readonly unknown[], nesting: number): Cost | undefined {
  for (const node of nodes) {
    const found = findCost(node, nesting);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** `on`: what a method is called on, which is looked at once. */
function readCall({
  op,
  args,
}: SyntaxNode): { readonly name: unknown; readonly on: unknown; readonly with: unknown } | undefined {
  if (!Array.isArray(args) || (op !== "rcall" && op !== "call")) return undefined;
  const [name, ...rest]: unknown[] = args;
  return op === "rcall" ? { name, on: rest[0], with: rest.slice(1) } : { name, on: undefined, with: rest };
}
