/** Reads what a sender says of a file, in the files beside it: its checksum, its manifest. */
import type { FileConnector } from "@airworthy/contract";
import { z } from "zod";

import { parseJsonStrict } from "../../kernel/json.ts";
import { readDecimal, type DecimalSum } from "./add-decimals.ts";
import { readSide, type FoundFile } from "./scan-folder.ts";

export type Claims = { rows?: number; sha256?: string; readonly totals: Record<string, DecimalSum> };

const sha256 = z
  .string()
  .regex(/^[0-9a-fA-F]{64}$/)
  .transform((text) => text.toLowerCase());
const decimal = z
  .union([z.string(), z.number()])
  .transform((value) => readDecimal(String(value)))
  .refine((value) => value !== undefined, "a total is no decimal number");
/** Strict: a claim that is not understood must not look like one that was kept. */
const Manifest = z.strictObject({
  rows: z.int().nonnegative().optional(),
  sha256: sha256.optional(),
  totals: z.record(z.string(), decimal).optional(),
});

/** Or what is wrong with it, in words. */
export async function readClaims(file: FoundFile, { whole }: FileConnector): Promise<Claims | string> {
  const claims: Claims = { totals: {} };
  const fault =
    (whole?.checksum === undefined ? undefined : await addChecksum(claims, file, whole.checksum)) ??
    (whole?.manifest === undefined ? undefined : await addManifest(claims, file, whole.manifest));
  return fault ?? claims;
}

async function addChecksum(claims: Claims, file: FoundFile, suffix: string): Promise<string | undefined> {
  const [, sum] = /^\s*([0-9a-f]{64})\b/i.exec((await readSide(file, suffix)) ?? "") ?? [];
  if (sum === undefined) return `${file.name}${suffix} holds no SHA-256`;
  claims.sha256 = sum.toLowerCase();
  return undefined;
}

async function addManifest(claims: Claims, file: FoundFile, suffix: string): Promise<string | undefined> {
  const { data, error } = Manifest.safeParse(parse((await readSide(file, suffix)) ?? ""));
  if (data === undefined)
    return `${file.name}${suffix} is no manifest (${error?.issues[0]?.message ?? "unknown cause"})`;
  const { totals = {}, ...others } = data;
  // Both beside the file must be so: one that contradicts the other contradicts the file as well.
  if (others.sha256 !== undefined && others.sha256 !== (claims.sha256 ?? others.sha256)) {
    return "its manifest and its checksum contradict each other";
  }
  Object.assign(claims, others);
  Object.assign(claims.totals, totals);
  return undefined;
}

function parse(text: string): unknown {
  try {
    return parseJsonStrict(Buffer.from(text));
  } catch {
    return undefined;
  }
}
