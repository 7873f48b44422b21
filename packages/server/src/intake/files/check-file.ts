/** Judges a file as a whole before a single record of it is taken: readable to its end, and what its sender says it holds. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

import { AirworthyError, type FileConnector, type SourceContractDocument } from "@airworthy/contract";

import { isJsonObject, parseJsonStrict } from "../../kernel/json.ts";
import { addDecimals, equalDecimals, noSum, readDecimal, showDecimal, type DecimalSum } from "./add-decimals.ts";
import { pointDecimals, readFileRows } from "./read-file.ts";
import { readSide, type FoundFile } from "./scan-folder.ts";

export type FileVerdict =
  | { readonly kind: "whole"; readonly digest: string; readonly rows: number }
  | { readonly kind: "refused"; readonly digest: string; readonly reason: string };

type Claims = { rows?: number; sha256?: string; totals: Record<string, DecimalSum> };
type Tally = {
  rows: number;
  unreadable: number;
  trailers: (readonly string[])[];
  afterTrailer: number;
  sums: Map<string, Sum>;
};
type Sum = { sum: DecimalSum; odd: number };

const defaultMaxBytes = 1024 ** 3;

/** Reads the file once; what it learns is worth nothing once the file changes. */
export async function checkFile(
  file: FoundFile,
  how: { readonly connector: FileConnector; readonly contract: SourceContractDocument | undefined },
): Promise<FileVerdict> {
  const { connector } = how;
  const digest = await digestFile(file.path);
  const refused = (reason: string): FileVerdict => ({ kind: "refused", digest, reason });
  if (file.bytes > (connector.maxBytes ?? defaultMaxBytes)) return refused("it is larger than maxBytes");
  const claims = await readClaims(file, connector);
  if (typeof claims === "string") return refused(claims);
  if (claims.sha256 !== undefined && claims.sha256 !== digest)
    return refused("its SHA-256 is not what its sender says");
  const trailer = connector.whole?.trailer;
  const summed = [...Object.keys(claims.totals), ...(trailer?.total === undefined ? [] : [trailer.total.of])];
  const tally = await count(file, how, summed).catch((error: unknown) => {
    if (error instanceof AirworthyError && !error.retryable) return error.message.replaceAll(file.path, "it");
    throw error;
  });
  if (typeof tally === "string") return refused(tally);
  const fault = trailer === undefined ? undefined : addTrailer(tally, { connector, claims });
  const reason = fault ?? compare(tally, claims);
  return reason === undefined ? { kind: "whole", digest, rows: tally.rows } : refused(reason);
}

/** SHA-256 in hex, of the file as it lies there. */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest("hex");
}

async function readClaims(file: FoundFile, { whole }: FileConnector): Promise<Claims | string> {
  const claims: Claims = { totals: {} };
  if (whole?.checksum !== undefined) {
    const text = await readSide(file, whole.checksum);
    const [, sum] = /^\s*([0-9a-f]{64})\b/i.exec(text ?? "") ?? [];
    if (sum === undefined) return `${file.name}${whole.checksum} holds no SHA-256`;
    claims.sha256 = sum.toLowerCase();
  }
  if (whole?.manifest === undefined) return claims;
  const fault = addManifest(claims, (await readSide(file, whole.manifest)) ?? "");
  return fault === undefined ? claims : `${file.name}${whole.manifest} ${fault}`;
}

/** Answers what is wrong with it. A claim that is not understood must not look like one that was kept. */
function addManifest(claims: Claims, text: string): string | undefined {
  const manifest = parseManifest(text);
  if (manifest === undefined) return "is not a JSON object";
  const { rows, sha256, totals = {}, ...others } = manifest;
  if (Object.keys(others).length > 0) return "says more than rows, sha256 and totals";
  if (rows !== undefined) {
    if (typeof rows !== "number" || !Number.isSafeInteger(rows) || rows < 0) return "counts rows by no whole number";
    claims.rows = rows;
  }
  if (sha256 !== undefined) {
    if (typeof sha256 !== "string" || !/^[0-9a-f]{64}$/i.test(sha256)) return "has a sha256 that is none";
    claims.sha256 = sha256.toLowerCase();
  }
  if (!isJsonObject(totals)) return "has totals that are no object";
  for (const [field, total] of Object.entries(totals)) {
    const read = typeof total === "string" || typeof total === "number" ? readDecimal(String(total)) : undefined;
    if (read === undefined) return `has a total of ${field} that is no decimal number`;
    claims.totals[field] = read;
  }
  return undefined;
}

function parseManifest(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value = parseJsonStrict(Buffer.from(text));
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

async function count(file: FoundFile, how: Parameters<typeof checkFile>[1], summed: readonly string[]): Promise<Tally> {
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
  const { rows, total } = connector.whole?.trailer ?? {};
  const [cells] = tally.trailers;
  if (cells === undefined) return "its last line is missing: it was cut off";
  if (tally.trailers.length > 1 || tally.afterTrailer > 0) return "something stands behind its last line";
  if (rows !== undefined) {
    const said = cells[rows - 1] ?? "";
    if (!/^\d{1,15}$/.test(said)) return `its last line counts its records by no number in cell ${rows}`;
    claims.rows = Number(said);
  }
  if (total === undefined) return undefined;
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
