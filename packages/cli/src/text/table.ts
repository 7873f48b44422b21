/** A table of aligned columns, without lines, that gives way where the terminal is narrow. */
import { cut, pad, widthOf } from "./width.ts";

export type Column = {
  readonly title: string;
  readonly align?: "left" | "right";
  /** Gives up width first when the table is wider than the terminal; never below its title. */
  readonly shrinks?: boolean;
};

export type Cell = string | { readonly text: string; readonly paint: (text: string) => string };

const gap = "  ";
const textOf = (cell: Cell): string => (typeof cell === "string" ? cell : cell.text);

/** Cells hold uncoloured text; a cell's paint is applied after cutting. Lines end without spaces. */
export function renderTable(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  look: { readonly width: number; readonly title?: (text: string) => string },
): string {
  const widths = fit(
    columns,
    columns.map((column, at) => Math.max(widthOf(column.title), ...rows.map((row) => widthOf(textOf(row[at] ?? ""))))),
    look.width,
  );
  const line = (cells: readonly Cell[]): string =>
    columns
      .map((column, at) =>
        renderCell(cells[at] ?? "", { column, width: widths[at] ?? 0, last: at === columns.length - 1 }),
      )
      .join(gap)
      .trimEnd();
  const title = look.title ?? ((text: string) => text);
  const head = columns.map((column) => ({ text: column.title, paint: title }));
  return [line(head), ...rows.map(line)].map((each) => `${each}\n`).join("");
}

function renderCell(cell: Cell, at: { column: Column; width: number; last: boolean }): string {
  const text = cut(textOf(cell), at.width);
  const painted = typeof cell === "string" ? text : cell.paint(text);
  const side = at.column.align === "right" ? "left" : "right";
  return at.last && side === "right" ? painted : pad(painted, at.width, side);
}

/** Takes the missing columns from the shrinking ones, the widest first. */
function fit(columns: readonly Column[], natural: readonly number[], width: number): readonly number[] {
  const widths = [...natural];
  let over = widths.reduce((sum, each) => sum + each, 0) + gap.length * (columns.length - 1) - width;
  while (over > 0) {
    const at = widestShrinking(columns, widths);
    if (at === undefined) break;
    widths[at] = (widths[at] ?? 0) - 1;
    over -= 1;
  }
  return widths;
}

function widestShrinking(columns: readonly Column[], widths: readonly number[]): number | undefined {
  let best: number | undefined;
  for (const [at, column] of columns.entries()) {
    const width = widths[at] ?? 0;
    if (column.shrinks !== true || width <= Math.max(4, widthOf(column.title))) continue;
    if (best === undefined || width > (widths[best] ?? 0)) best = at;
  }
  return best;
}
