/** What a reader of records is given and what it hands on, whatever the format. */
import type { SourceRecord } from "./source-record.ts";

/** What takes the records, one after the other. */
export type RecordSink = {
  readonly record: (record: SourceRecord) => void;
  /** A record that is none: too many columns, not JSON. */
  readonly unreadable: (fault: { readonly number: number; readonly why: string; readonly raw: string }) => void;
  /** Asked now and then: the reader waits until what was handed on has found its place. */
  readonly drain?: () => Promise<void> | undefined;
};

export type SourceFormat = "csv" | "json" | "jsonl" | "fixed" | "xlsx";

/** How a file is written, where it does not say so itself. */
export type FileShape = {
  /** Default: by the file's name, else by how it begins. */
  readonly format?: SourceFormat | undefined;
  /** Absent: UTF-8, and what is not becomes U+FFFD; said, it must be so. A byte order mark is passed over. */
  readonly encoding?: "utf-8" | "windows-1252" | undefined;
  /** Of CSV. Default: what parts the first line most often. */
  readonly delimiter?: string | undefined;
  /** Of fixed width, from the first character on. */
  readonly columns?: readonly { readonly name: string; readonly width: number }[] | undefined;
  /** Of XLSX. Default: the first sheet that is not hidden. */
  readonly sheet?: string | undefined;
  /** Of XLSX: the row that names the columns, from 1. Default: the first that holds something. */
  readonly header?: number | undefined;
};

/** Everything a reader of one format is given. */
export type Reading = {
  readonly path: string;
  readonly chunks: AsyncIterable<Buffer>;
  readonly start: string;
  readonly keepRaw: boolean;
  readonly shape: FileShape;
  readonly sink: RecordSink;
};

/** A record beyond this is taken for a quote or a bracket that never closes. */
export const recordBytesMax = 4 * 1_048_576;
