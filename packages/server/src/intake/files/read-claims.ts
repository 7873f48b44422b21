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

/**
 * Or what is wrong with it, in words. Undefined while what stands there may be the beginning of more: tools make an empty file
 * first, and fill it when they are done.
 */
export async function readClaims(file: FoundFile, { whole }: FileConnector): Promise<Claims | string | undefined> {
  const claims: Claims = { totals: {} };
  const checksum = await sideOf(file, whole?.checksum);
  const manifest = await sideOf(file, whole?.manifest);
  if (isBegun(checksum) || isCutOff(manifest)) return undefined;
  const fault =
    (checksum === undefined ? undefined : addChecksum(claims, file, checksum)) ??
    (manifest === undefined ? undefined : addManifest(claims, file, manifest));
  return fault ?? claims;
}

type Side = { readonly suffix: string; readonly text: string };

/** One that is gone again says nothing. */
const sideOf = async (file: FoundFile, suffix: string | undefined): Promise<Side | undefined> =>
  suffix === undefined ? undefined : { suffix, text: (await readSide(file, suffix)) ?? "" };

const isBegun = (checksum: Side | undefined): boolean =>
  checksum !== undefined && /^\s*[0-9a-f]{0,63}$/i.test(checksum.text);

function isCutOff(manifest: Side | undefined): boolean {
  if (manifest === undefined) return false;
  try {
    JSON.parse(manifest.text);
    return false;
  } catch {
    return true;
  }
}

function addChecksum(claims: Claims, file: FoundFile, { suffix, text }: Side): string | undefined {
  const [, sum] = /^\s*([0-9a-f]{64})\b/i.exec(text) ?? [];
  if (sum === undefined) return `${file.name}${suffix} holds no SHA-256`;
  claims.sha256 = sum.toLowerCase();
  return undefined;
}

function addManifest(claims: Claims, file: FoundFile, { suffix, text }: Side): string | undefined {
  const { data, error } = Manifest.safeParse(parse(text));
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
