/** The text that stands for a cell where cells are compared. */
import type { Cell } from "./source-record.ts";

/** A list is no category: one text stands for all of them. */
export const textOf = (cell: Cell): string => {
  if (typeof cell === "string") return cell.trim();
  return Array.isArray(cell) ? "[…]" : String(cell);
};
