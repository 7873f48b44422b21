/** Reads a file of records whose form is said: numbers and days brought into ours, and the last line left out that closes it. */
import type { SourceContractDocument } from "@airworthy/contract";

import { normaliserOf, type WrittenForms } from "./normal-forms.ts";
import { type ReadOptions, readRecords } from "./read-records.ts";
import type { FileShape, RecordSink, SourceFormat } from "./record-sink.ts";

export type FileForm = FileShape &
  WrittenForms & {
    /** With what the line begins that closes the file and is no record. */
    readonly trailer?: string | undefined;
  };
export type FormedOptions = Omit<ReadOptions, "shape"> & {
  readonly form?: FileForm;
  /** Says which fields are numbers and days; without it, whatever looks like one is. */
  readonly contract?: SourceContractDocument;
};

/** @throws AirworthyError as `readRecords` does. */
export async function readFormed(path: string, sink: RecordSink, options: FormedOptions = {}): Promise<SourceFormat> {
  const { form = {}, contract, ...others } = options;
  const { trailer } = form;
  const normal = normaliserOf(form, contract);
  const isTrailer = (raw: string | undefined): boolean =>
    trailer !== undefined && raw?.replace(/^"/, "").startsWith(trailer) === true;
  const formed: RecordSink = {
    ...sink,
    record: (record) => {
      if (isTrailer(record.raw)) return;
      const { columns, cells } = record;
      if (normal === undefined) sink.record(record);
      else {
        const read = cells.map((cell, at) => (typeof cell === "string" ? normal(columns[at] ?? "", cell) : cell));
        sink.record({ ...record, cells: read });
      }
    },
    unreadable: (fault) => {
      if (!isTrailer(fault.raw)) sink.unreadable(fault);
    },
  };
  const keepRaw = others.keepRaw === true || trailer !== undefined;
  return readRecords(path, formed, { ...others, keepRaw, shape: form });
}
