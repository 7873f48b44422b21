/** Looks at a folder: which files are there and whole, as far as their neighbours and their quiet say. */
import { lstat, readFile, readdir } from "node:fs/promises";
import path from "node:path";

import { AirworthyError, type FileConnector } from "@airworthy/contract";

import { durationMs } from "../../kernel/duration.ts";
import { forgetAbsent, isQuiet, lookAtFile, type Quiet } from "../quiet-files.ts";
import { readFileNames } from "./file-names.ts";

export type FoundFile = {
  readonly name: string;
  readonly path: string;
  readonly bytes: number;
  /** Changes when the file does. */
  readonly stamp: string;
  /** Epoch ms: of which time its content is, by its name, else when it was last written. */
  readonly asOf: number;
};

const defaultStableMs = 10_000;
const sideBytesMax = 1024 * 1024;

/** Whole files, oldest first. `resting` are those that wait for their quiet alone. */
export async function scanFolder(
  connector: FileConnector,
  { folder, quiet }: { readonly folder: string; readonly quiet: Quiet },
): Promise<{ readonly files: readonly FoundFile[]; readonly resting: boolean }> {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw new AirworthyError("unavailable", `The folder of ${connector.name} cannot be read.`, {
      cause,
      retryable: true,
      fix: "Look at folder, and at its permissions.",
    });
  });
  const present = new Set(names);
  const pattern = readFileNames(connector.files);
  const { sides, restMs } = signsOf(connector);
  const found: FoundFile[] = [];
  let resting = false;
  for (const name of names) {
    const isSide = sides.some((side) => name.endsWith(side));
    if (isSide || !pattern.fits(name) || !sides.every((side) => present.has(`${name}${side}`))) continue;
    // oxlint-disable-next-line no-await-in-loop -- one after the other: a folder may hold very many
    const file = await look(path.join(folder, name), name);
    if (file === undefined) continue;
    if (isQuiet(quiet, file, restMs)) found.push({ ...file, asOf: pattern.timeOf(name) ?? file.asOf });
    else resting = true;
  }
  forgetAbsent(quiet, present);
  return { files: found.toSorted((a, b) => a.asOf - b.asOf || (a.name < b.name ? -1 : 1)), resting };
}

/** The endings that must stand beside a file, and how long it must have been quiet. */
function signsOf({ whole }: FileConnector): { readonly sides: readonly string[]; readonly restMs: number } {
  const { done, manifest, checksum, stable } = whole ?? {};
  const sides = [done, manifest, checksum].filter((side) => side !== undefined);
  if (stable !== undefined) return { sides, restMs: durationMs(stable) };
  return { sides, restMs: sides.length === 0 ? defaultStableMs : 0 };
}

/** Whether it is still the file that was found. */
export async function isUnchanged({ path: full, name, stamp }: FoundFile): Promise<boolean> {
  return (await look(full, name))?.stamp === stamp;
}

async function look(full: string, name: string): Promise<FoundFile | undefined> {
  const found = await lookAtFile(full);
  return found && { name, path: full, bytes: found.bytes, stamp: found.stamp, asOf: found.writtenAt };
}

/** What stands beside a file, as text; undefined where it is too large to be what it should be. */
export async function readSide(file: FoundFile, suffix: string): Promise<string | undefined> {
  const side = `${file.path}${suffix}`;
  const stat = await lstat(side).catch(() => undefined);
  if (stat?.isFile() !== true || stat.size > sideBytesMax) return undefined;
  return readFile(side, "utf8");
}
