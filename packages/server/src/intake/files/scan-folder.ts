/** Looks at a folder: which files are there and whole, as far as their neighbours and their quiet say. */
import { lstat, readFile, readdir } from "node:fs/promises";
import path from "node:path";

import { AirworthyError, type FileConnector } from "@airworthy/contract";

import { lookAtFile, type Quiet } from "../quiet-files.ts";
import { chooseFiles, type ListedFile } from "./choose-files.ts";

/** A file that is here. */
export type FoundFile = ListedFile & { readonly path: string };

/** A manifest or a checksum is no longer than this. */
export const sideBytesMax = 1024 * 1024;

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
  const look = (name: string) => lookAtFile(path.join(folder, name));
  const { files, resting } = await chooseFiles(connector, { names: new Set(names), look, quiet });
  return { files: files.map((file) => ({ ...file, path: path.join(folder, file.name) })), resting };
}

/** Whether it is still the file that was found. */
export async function isUnchanged({ path: full, stamp }: FoundFile): Promise<boolean> {
  return (await lookAtFile(full))?.stamp === stamp;
}

/** Stands in for what is too large: no checksum and no manifest, nor the beginning of one. */
export const sideTooLarge = "null";

/** What stands beside a file, as text; undefined where nothing does. */
export async function readSide(file: FoundFile, suffix: string): Promise<string | undefined> {
  const side = `${file.path}${suffix}`;
  const stat = await lstat(side).catch(() => undefined);
  if (stat?.isFile() !== true) return undefined;
  return stat.size > sideBytesMax ? sideTooLarge : readFile(side, "utf8");
}
