/** A record as it is held against a contract: named cells, whatever it came from. */

/** A value as the source has it: CSV has text only; undefined is a field that the record does not have. */
export type Cell = string | number | boolean | null | undefined | readonly unknown[];

export type SourceRecord = {
  /** From 1, the header not counted. */
  readonly number: number;
  /** The same array for every record of a CSV file. */
  readonly columns: readonly string[];
  readonly cells: readonly Cell[];
  /** The record as it stood in the file, without its line end; only where it was asked for. */
  readonly raw: string | undefined;
};
