/** Which arguments, facts and computed values an expression names. */
import { parse } from "@marcbachmann/cel-js";

export type NameRead = { readonly of: "args" | "facts" | "computed"; readonly name: string };

/** Names that an expression puts together itself are not found; they fail when it is evaluated. Throws for what is no CEL. */
export function namesRead(source: string): readonly NameRead[] {
  const found: NameRead[] = [];
  visit(parse(source).ast, found);
  return found;
}

function visit(node: unknown, found: NameRead[]): void {
  if (Array.isArray(node)) for (const one of node) visit(one, found);
  if (!isNode(node)) return;
  const { op, args } = node;
  if (op === "value" || op === "id" || !Array.isArray(args)) return;
  const [left, right]: unknown[] = args;
  const root = isNode(left) && left.op === "id" ? left.args : undefined;
  const name = op === "[]" && isNode(right) && right.op === "value" ? right.args : op === "." ? right : undefined;
  if ((root === "args" || root === "facts" || root === "computed") && typeof name === "string") {
    found.push({ of: root, name });
  }
  visit(args, found);
}

function isNode(value: unknown): value is { readonly op: unknown; readonly args: unknown } {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}
