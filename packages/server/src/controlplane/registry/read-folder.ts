/** Reads a folder of configuration from the disk: the files that may be configuration, in order, and nothing outside. */
import { isUtf8 } from "node:buffer";
import type { Dirent } from "node:fs";
import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { join, sep } from "node:path";

import { AirworthyError } from "@airworthy/contract";
import type { ConfigFile } from "@airworthy/contract";

import { configLimits } from "./load-documents.ts";

type Reading = { readonly root: string; readonly files: ConfigFile[]; readonly faults: string[]; bytes: number };

const isConfig = (name: string): boolean => /\.(?:ya?ml|cedar)$/.test(name);
const isSkipped = (name: string): boolean => name.startsWith(".") || name === "node_modules";

/**
 * All `.yaml`, `.yml` and `.cedar` files at any depth, sorted by path; paths are relative with `/`. Names that begin
 * with a dot and `node_modules` are left out. Links to files inside the folder are followed, links to folders are not.
 * @throws AirworthyError `not_found` without a folder, `invalid_input` for files that must not or cannot be read,
 * `too_large` beyond the limits of `configLimits`.
 */
export async function readFolder(folder: string): Promise<ConfigFile[]> {
  const root = await realpath(folder).catch((cause: unknown) => {
    throw new AirworthyError("not_found", `There is no folder ${folder}.`, {
      cause,
      fix: "Name a folder of configuration.",
    });
  });
  if (!(await stat(root)).isDirectory()) {
    throw new AirworthyError("invalid_input", `${folder} is not a folder.`, { fix: "Name the folder that holds it." });
  }
  const reading: Reading = { root, files: [], faults: [], bytes: 0 };
  await readEntries(reading, "", 0);
  if (reading.faults.length > 0) {
    throw new AirworthyError("invalid_input", reading.faults.join("\n"), {
      place: folder,
      fix: "Correct or remove these files.",
    });
  }
  return reading.files.toSorted((left, right) => (left.path < right.path ? -1 : 1));
}

async function readEntries(reading: Reading, below: string, depth: number): Promise<void> {
  if (depth > 16) {
    reading.faults.push(`${below}: folders are nested deeper than 16`);
    return;
  }
  const entries = await readdir(join(reading.root, below), { withFileTypes: true });
  for (const entry of entries.toSorted((left, right) => (left.name < right.name ? -1 : 1))) {
    if (isSkipped(entry.name)) continue;
    const path = below === "" ? entry.name : `${below}/${entry.name}`;
    // One after the other: the limits are judged before the next file is opened.
    // oxlint-disable no-await-in-loop
    if (entry.isDirectory()) await readEntries(reading, path, depth + 1);
    else if (isConfig(entry.name)) await readOne(reading, path, entry);
    // oxlint-enable no-await-in-loop
  }
}

async function readOne(reading: Reading, path: string, entry: Dirent): Promise<void> {
  const real = await realpath(join(reading.root, path)).catch(() => undefined);
  const isInside = real === reading.root || real?.startsWith(`${reading.root}${sep}`) === true;
  if (real === undefined || !isInside) {
    reading.faults.push(`${path}: ${real === undefined ? "leads nowhere" : "leads out of the folder"}`);
    return;
  }
  const { size, isRegular } = await stat(real).then((found) => ({ size: found.size, isRegular: found.isFile() }));
  if (!isRegular) {
    if (!entry.isSymbolicLink()) reading.faults.push(`${path}: is not a regular file`);
    return;
  }
  reading.bytes += size;
  const { maxFiles, maxFileBytes, maxTotalBytes } = configLimits;
  if (size > maxFileBytes || reading.bytes > maxTotalBytes || reading.files.length >= maxFiles) {
    const limits = `${maxFiles} files, ${maxFileBytes} bytes a file, ${maxTotalBytes} bytes in all`;
    throw new AirworthyError("too_large", `${path} is beyond the limits (${limits}).`, {
      place: path,
      fix: "Keep other files elsewhere.",
    });
  }
  const bytes = await readFile(real);
  if (isUtf8(bytes)) reading.files.push({ path, text: bytes.toString("utf8") });
  else reading.faults.push(`${path}: is not UTF-8`);
}
