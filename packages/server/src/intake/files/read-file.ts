/** Reads a file of records as rows, with its trailer apart, numbers and dates in the forms that contracts know. */
import type { FileConnector, Json, JsonObject, SourceContractDocument } from "@airworthy/contract";

import { isJsonObject, parseJsonStrict } from "../../kernel/json.ts";
import { isTextOnly } from "../../kernel/records/is-text-only.ts";
import { normaliserOf, type Normaliser } from "../../kernel/records/normal-forms.ts";
import { readRecords } from "../../kernel/records/read-records.ts";
import type { Cell, SourceRecord } from "../../kernel/records/source-record.ts";

export type FileRow = { readonly number: number } & (
  | { readonly value: JsonObject }
  | { readonly unreadable: string; readonly why: string }
);

export type RowTaker = {
  readonly row: (row: FileRow) => void;
  /** The cells of the last line, where it closes the file. */
  readonly trailer: (cells: readonly string[]) => void;
  readonly drain?: () => Promise<void> | undefined;
};

type How = { readonly connector: FileConnector; readonly contract: SourceContractDocument | undefined };

/** @throws AirworthyError `invalid_input` for a file that cannot be read to its end. */
export async function readFileRows(path: string, { connector, contract }: How, taker: RowTaker): Promise<void> {
  const { format, encoding = "utf-8", delimiter, columns, sheet, header, whole } = connector;
  const normal = contract && normaliserOf(connector, contract);
  const begins = whole?.trailer?.begins;
  let untyped = true;
  const isTrailer = (raw: string | undefined): raw is string =>
    begins !== undefined && raw !== undefined && raw.replace(/^"/, "").startsWith(begins);
  await readRecords(
    path,
    {
      record: (record) => {
        if (isTrailer(record.raw)) taker.trailer(cellsOf(record.raw, delimiter));
        else taker.row(toRow(record, { untyped, normal }));
      },
      unreadable: ({ number, why, raw }) => {
        if (isTrailer(raw)) taker.trailer(cellsOf(raw, delimiter));
        else taker.row({ number, unreadable: raw, why });
      },
      ...(taker.drain === undefined ? {} : { drain: taker.drain }),
    },
    {
      shape: { format, encoding, delimiter, columns, sheet, header },
      // JSON is read again from its text: only there it is as it was written.
      keepRaw: begins !== undefined || format === "json" || format === "jsonl" || format === undefined,
      onFormat: (found) => void (untyped = isTextOnly(found)),
    },
  );
}

function toRow(
  { number, columns, cells, raw }: SourceRecord,
  { untyped, normal }: { readonly untyped: boolean; readonly normal: Normaliser | undefined },
): FileRow {
  if (!untyped) return readJsonRow(number, raw ?? "");
  const members = columns.map((name, at): [string, Json] => [
    name,
    valueOf(cells[at], (text) => normal?.(name, text) ?? text),
  ]);
  return { number, value: Object.fromEntries(members) };
}

function valueOf(cell: Cell, normal: (text: string) => string): Json {
  if (typeof cell === "string") return normal(cell.replaceAll("\0", "\ufffd"));
  // Numbers of a sheet are written as everywhere, whatever form its texts have; the contract says what they are.
  if (typeof cell === "number" || typeof cell === "boolean") return String(cell);
  return Array.isArray(cell) ? cell.map(String) : null;
}

function readJsonRow(number: number, raw: string): FileRow {
  try {
    const value = parseJsonStrict(Buffer.from(raw));
    if (isJsonObject(value)) return { number, value };
    return { number, unreadable: raw, why: "a JSON object" };
  } catch (error) {
    return { number, unreadable: raw, why: `sound JSON (${error instanceof Error ? error.message : "it is not"})` };
  }
}

/** Quotes are taken off, blanks part the cells where no delimiter does. */
function cellsOf(raw: string, delimiter: string | undefined): string[] {
  const by = delimiter ?? [";", "\t", "|", ","].find((sign) => raw.includes(sign));
  const cells = by === undefined ? raw.trim().split(/\s+/) : raw.split(by);
  return cells.map((cell) => cell.trim().replaceAll(/^"|"$/g, ""));
}
