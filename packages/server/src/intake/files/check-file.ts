/** Judges a file as a whole before a single record of it is taken: readable to its end, and what its sender says it holds. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

import { AirworthyError, type FileConnector, type SourceContractDocument } from "@airworthy/contract";

import { pointDecimals } from "../../kernel/records/normal-forms.ts";
import { addDecimals, equalDecimals, noSum, readDecimal, showDecimal, type DecimalSum } from "./add-decimals.ts";
import { readFileRows } from "./read-file.ts";
import type { Claims } from "./read-claims.ts";
import type { FoundFile } from "./scan-folder.ts";

export type FileVerdict =
  | { readonly kind: "whole"; readonly digest: string; readonly rows: number }
  | { readonly kind: "refused"; readonly digest: string; readonly reason: string };

type Tally = {
  rows: number;
  unreadable: number;
  trailers: (readonly string[])[];
  afterTrailer: number;
  sums: Map<string, Sum>;
};
type Sum = { sum: DecimalSum; odd: number };

export const defaultMaxBytes = 1024 ** 3;

/** Reads the file once; what it learns is worth nothing once the file changes. */
export async function checkFile(
  file: FoundFile,
  how: {
    readonly connector: FileConnector;
    readonly contract: SourceContractDocument | undefined;
    /** What its sender says of it, or what is wrong with that. */
    readonly claims: Claims | string;
  },
): Promise<FileVerdict> {
  const { connector, claims } = how;
  const digest = await digestFile(file.path);
  const refused = (reason: string): FileVerdict => ({ kind: "refused", digest, reason });
  if (file.bytes > (connector.maxBytes ?? defaultMaxBytes)) return refused("it is larger than maxBytes");
  if (typeof claims === "string") return refused(claims);
  if (claims.sha256 !== undefined && claims.sha256 !== digest)
    return refused("its SHA-256 is not what its sender says");
  const tally = await count(file, how, claims).catch((error: unknown) => {
    if (error instanceof AirworthyError && !error.retryable) return error.message.replaceAll(file.path, "it");
    throw error;
  });
  if (typeof tally === "string") return refused(tally);
  const reason = addTrailer(tally, { connector, claims }) ?? compare(tally, claims);
  return reason === undefined ? { kind: "whole", digest, rows: tally.rows } : refused(reason);
}

/** SHA-256 in hex, of the file as it lies there. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(Buffer.from(chunk));
  return hash.digest("hex");
}

async function count(file: FoundFile, how: Parameters<typeof checkFile>[1], claims: Claims): Promise<Tally> {
  const total = how.connector.whole?.trailer?.total;
  const summed = [...Object.keys(claims.totals), ...(total === undefined ? [] : [total.of])];
  const sums = new Map(summed.map((field): [string, Sum] => [field, { sum: noSum, odd: 0 }]));
  const tally: Tally = { rows: 0, unreadable: 0, trailers: [], afterTrailer: 0, sums };
  await readFileRows(file.path, how, {
    row: (row) => {
      tally.rows += 1;
      if (tally.trailers.length > 0) tally.afterTrailer += 1;
      for (const [field, sum] of sums) {
        const value = "value" in row ? row.value[field] : undefined;
        const read = typeof value === "string" || typeof value === "number" ? readDecimal(String(value)) : undefined;
        if (read === undefined) sum.odd += 1;
        else sum.sum = addDecimals(sum.sum, read);
      }
    },
    trailer: (cells) => void tally.trailers.push(cells),
  });
  return tally;
}

function addTrailer(
  tally: Tally,
  { connector, claims }: { readonly connector: FileConnector; readonly claims: Claims },
): string | undefined {
  const trailer = connector.whole?.trailer;
  if (trailer === undefined) return undefined;
  const { rows, total } = trailer;
  const [cells] = tally.trailers;
  if (cells === undefined) return "its last line is missing: it was cut off";
  if (tally.trailers.length > 1 || tally.afterTrailer > 0) return "something stands behind its last line";
  if (rows !== undefined) {
    const said = cells[rows - 1] ?? "";
    if (!/^\d{1,15}$/.test(said)) return `its last line counts its records by no number in cell ${rows}`;
    claims.rows = Number(said);
  }
  return total === undefined ? undefined : addTotal(cells, total, { connector, claims });
}

function addTotal(
  cells: readonly string[],
  total: { readonly cell: number; readonly of: string },
  { connector, claims }: { readonly connector: FileConnector; readonly claims: Claims },
): string | undefined {
  const said = cells[total.cell - 1] ?? "";
  const read = readDecimal(connector.decimals === "comma" ? pointDecimals(said) : said);
  if (read === undefined) return `its last line has no total in cell ${total.cell}`;
  claims.totals[total.of] = read;
  return undefined;
}

function compare(tally: Tally, claims: Claims): string | undefined {
  if (claims.rows !== undefined && claims.rows !== tally.rows) {
    return `it holds ${tally.rows} records, and its sender says ${claims.rows}`;
  }
  for (const [field, claimed] of Object.entries(claims.totals)) {
    const { sum = noSum, odd = 0 } = tally.sums.get(field) ?? {};
    // A record whose amount cannot be read is for the quarantine; the total cannot be judged without it.
    const unread = odd === 0 ? "" : `, without ${odd} that cannot be read`;
    if (!equalDecimals(sum, claimed)) {
      return `its ${field} sums up to ${showDecimal(sum)}${unread}, and its sender says ${showDecimal(claimed)}`;
    }
  }
  return undefined;
}
