/** What a reader of records is given and what it hands on, whatever the format. */

/** A value as the file has it: CSV has text only; undefined is a field that the record does not have. */
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

/** What takes the records, one after the other. */
export type RecordSink = {
  readonly record: (record: SourceRecord) => void;
  /** A record that is none: too many columns, not JSON. */
  readonly unreadable: (fault: { readonly number: number; readonly why: string; readonly raw: string }) => void;
};

export type SourceFormat = "csv" | "json" | "jsonl";

/** Everything a reader of one format is given. */
export type Reading = {
  readonly path: string;
  readonly chunks: AsyncIterable<Buffer>;
  readonly start: string;
  readonly keepRaw: boolean;
  readonly sink: RecordSink;
};

/** A record beyond this is taken for a quote or a bracket that never closes. */
export const recordBytesMax = 4 * 1_048_576;
