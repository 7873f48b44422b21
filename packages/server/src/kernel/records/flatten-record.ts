/** Makes a record of a JSON object: what is nested gets a path for its name. */
import type { Cell } from "./source-record.ts";

const depthMax = 5;

/** Objects become paths (`address.city`); lists, and what is nested too deep, stay one value. */
export function flattenRecord(value: Readonly<Record<string, unknown>>): {
  readonly columns: readonly string[];
  readonly cells: readonly Cell[];
} {
  const columns: string[] = [];
  const cells: Cell[] = [];
  for (const [name, cell] of flatten(value, "", 1)) {
    columns.push(name);
    cells.push(cell);
  }
  return { columns, cells };
}

function* flatten(
  value: Readonly<Record<string, unknown>>,
  above: string,
  depth: number,
): Generator<readonly [name: string, cell: Cell]> {
  for (const [key, inner] of Object.entries(value)) {
    const name = above === "" ? key : `${above}.${key}`;
    if (isMap(inner) && depth < depthMax) yield* flatten(inner, name, depth + 1);
    else if (isMap(inner)) yield [name, Object.entries(inner)];
    else yield [name, isCell(inner) ? inner : null];
  }
}

const isMap = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isCell = (value: unknown): value is Cell =>
  value === null || ["string", "number", "boolean"].includes(typeof value) || Array.isArray(value);
