/** What a reader of records is given and what it hands on, whatever the format. */
import type { SourceRecord } from "../../kernel/records/source-record.ts";

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
