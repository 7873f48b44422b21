/** Chooses the files of a folder that are whole, as far as their names, their neighbours and their quiet say. */
import type { FileConnector } from "@airworthy/contract";

import { durationMs } from "../../kernel/duration.ts";
import { forgetAbsent, isQuiet, type FileLook, type Quiet } from "../quiet-files.ts";
import { readFileNames } from "./file-names.ts";

/** A file in a folder, here or elsewhere. */
export type ListedFile = {
  readonly name: string;
  readonly bytes: number;
  /** Changes when the file does. */
  readonly stamp: string;
  /** Changes when what its sender has put beside it does. */
  readonly sides: string;
  /** Epoch ms: of which time its content is, by its name, else when it was last written. */
  readonly asOf: number;
};

type Folder = {
  readonly names: ReadonlySet<string>;
  /** Undefined for what is no ordinary file. */
  readonly look: (name: string) => Promise<FileLook | undefined>;
  readonly quiet: Quiet;
  /** Even a file that its sender calls whole must have been quiet for so long. Default 0. */
  readonly leastRestMs?: number;
};

const defaultStableMs = 10_000;

/** Whole files, oldest first. `resting` are those that wait for their quiet alone. */
export async function chooseFiles(
  connector: FileConnector,
  { names, look, quiet, leastRestMs = 0 }: Folder,
): Promise<{ readonly files: readonly ListedFile[]; readonly resting: boolean }> {
  const pattern = readFileNames(connector.files);
  const sides = sidesOf(connector);
  const restMs = Math.max(leastRestMs, restOf(connector, sides.length));
  const found: ListedFile[] = [];
  let resting = false;
  for (const name of names) {
    const isSide = sides.some((side) => name.endsWith(side));
    if (isSide || !pattern.fits(name) || !sides.every((side) => names.has(`${name}${side}`))) continue;
    // oxlint-disable-next-line no-await-in-loop -- one after the other: a folder may hold very many
    const file = await look(name);
    if (file === undefined) continue;
    const { bytes, stamp, writtenAt } = file;
    // oxlint-disable-next-line no-await-in-loop -- three at most
    const beside = await Promise.all(sides.map((side) => stampOf(`${name}${side}`, look)));
    // All are looked at before any is waited for: their times run side by side.
    const quietNow = [{ name, stamp }, ...beside].map((one) => isQuiet(quiet, one, restMs));
    if (quietNow.every(Boolean)) {
      const shown = beside.map((side) => side.stamp).join(" ");
      found.push({ name, bytes, stamp, sides: shown, asOf: pattern.timeOf(name) ?? writtenAt });
    } else resting = true;
  }
  forgetAbsent(quiet, names);
  return { files: found.toSorted((a, b) => a.asOf - b.asOf || (a.name < b.name ? -1 : 1)), resting };
}

const stampOf = async (name: string, look: Folder["look"]) => ({ name, stamp: (await look(name))?.stamp ?? "none" });

/** The endings of the files that must stand beside a file. */
export function sidesOf({ whole }: FileConnector): readonly string[] {
  const { done, manifest, checksum } = whole ?? {};
  return [done, manifest, checksum].filter((side) => side !== undefined);
}

/** How long a file must have been quiet. */
function restOf({ whole }: FileConnector, sides: number): number {
  if (whole?.stable !== undefined) return durationMs(whole.stable);
  return sides === 0 ? defaultStableMs : 0;
}
