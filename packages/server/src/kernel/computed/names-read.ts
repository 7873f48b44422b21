/** Which arguments, facts and computed values an expression names. */
import { parse } from "@marcbachmann/cel-js";

import { isLeaf, isSyntaxNode } from "./syntax-node.ts";

export type NameRead = { readonly of: "args" | "facts" | "computed"; readonly name: string };

/** Names that an expression puts together itself are not found; they fail when it is evaluated. Throws for what is no CEL. */
export function namesRead(source: string): readonly NameRead[] {
  const found: NameRead[] = [];
  visit(parse(source).ast, found);
  return found;
}

function visit(node: unknown, found: NameRead[]): void {
  if (Array.isArray(node)) for (const one of node) visit(one, found);
  if (!isSyntaxNode(node) || isLeaf(node)) return;
  const [left, right]: unknown[] = Array.isArray(node.args) ? node.args : [];
  const of = isSyntaxNode(left) && left.op === "id" ? left.args : undefined;
  const name = memberOf(node.op, right);
  if (isScope(of) && typeof name === "string") found.push({ of, name });
  visit(node.args, found);
}

/** The member that `x.name` or `x["name"]` reads. */
function memberOf(op: unknown, right: unknown): unknown {
  if (op === ".") return right;
  return op === "[]" && isSyntaxNode(right) && right.op === "value" ? right.args : undefined;
}

const isScope = (name: unknown): name is NameRead["of"] => name === "args" || name === "facts" || name === "computed";
