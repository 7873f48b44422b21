/** The nodes of CEL's syntax tree, as the library hands them out. */

/** An operation and what it is applied to; `value` and `id` are the leaves. */
export type SyntaxNode = { readonly op: unknown; readonly args: unknown };

export function isSyntaxNode(value: unknown): value is SyntaxNode {
  return typeof value === "object" && value !== null && "op" in value && "args" in value;
}

export const isLeaf = ({ op }: SyntaxNode): boolean => op === "value" || op === "id";
