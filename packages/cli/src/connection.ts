/** Finds the server and the key: flags first, then the environment, then the data folder nearby. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";

import type { Client } from "@airworthy/sdk";

import { Failure } from "./failure.ts";
import type { Shell } from "./shell.ts";
import { clean } from "./text/clean.ts";
import { withSpinner } from "./text/spinner.ts";

export type ConnectionFlags = {
  readonly url?: string;
  /** A path, or `-` for stdin. A key itself is never a flag: flags show in process lists and histories. */
  readonly keyFile?: string;
  readonly data?: string;
  readonly tenant?: string;
};

export type DataFolder = { readonly path: string; readonly origin: string };

/** Where a value came from, for `doctor`. `key` is read only when asked, and never shown. */
export type Connection = {
  readonly url: string;
  readonly urlOrigin: string;
  readonly keyOrigin: string;
  /** True where the data folder itself is the proof: whoever can read it is the local administrator. */
  readonly local: boolean;
  readonly readKey: () => Promise<string | undefined>;
};

/** `--data`, else the nearest `.airworthy` from here up to the root of the Git repository, else `./.airworthy`. */
export function findDataFolder(flags: ConnectionFlags, cwd: string): DataFolder {
  if (flags.data !== undefined) return { path: resolve(cwd, flags.data), origin: "--data" };
  const root = findGitRoot(cwd);
  const places = root === undefined ? [cwd] : foldersUpTo(cwd, root);
  for (const place of places) {
    const path = join(place, ".airworthy");
    if (existsSync(path)) return { path, origin: place === cwd ? "the working folder" : `found above, in ${place}` };
  }
  return { path: join(cwd, ".airworthy"), origin: "the default" };
}

function findGitRoot(from: string): string | undefined {
  if (existsSync(join(from, ".git"))) return from;
  const parent = dirname(from);
  return parent === from ? undefined : findGitRoot(parent);
}

function foldersUpTo(from: string, root: string): readonly string[] {
  return from === root || dirname(from) === from ? [from] : [from, ...foldersUpTo(dirname(from), root)];
}

/** Says where to connect, or fails with what to do. Nothing is sent yet. */
export function findConnection(flags: ConnectionFlags, shell: Shell): Connection {
  const named = nameUrl(flags, shell);
  const keyFile = nameKeyFile(flags, shell);
  const folder = findDataFolder(flags, shell.cwd);
  const { url, origin } = named ?? readServerFile(folder);
  if (keyFile !== undefined) {
    const { path, origin: keyOrigin } = keyFile;
    return { url, urlOrigin: origin, keyOrigin, local: false, readKey: () => readNamedKey(path, shell) };
  }
  // The local administrator's key must never travel to an address that somebody else named.
  if (named !== undefined) {
    return { url, urlOrigin: origin, keyOrigin: "none", local: false, readKey: () => Promise.resolve(undefined) };
  }
  const path = join(folder.path, "admin.key");
  return { url, urlOrigin: origin, keyOrigin: path, local: true, readKey: () => readAdminKey(path, shell) };
}

function nameUrl(flags: ConnectionFlags, shell: Shell): { url: string; origin: string } | undefined {
  const origin = flags.url === undefined ? "AIRWORTHY_URL" : "--url";
  const url = flags.url ?? shell.environment.url;
  if (url === undefined) return undefined;
  assertUrl(url, origin);
  return { url, origin };
}

function nameKeyFile(flags: ConnectionFlags, shell: Shell): { path: string; origin: string } | undefined {
  if (flags.keyFile !== undefined) {
    return { path: flags.keyFile, origin: flags.keyFile === "-" ? "stdin" : `--key-file ${flags.keyFile}` };
  }
  const path = shell.environment.keyFile;
  return path === undefined ? undefined : { path, origin: `AIRWORTHY_KEY_FILE (${path})` };
}

function assertUrl(url: string, origin: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw new Failure(
      "usage",
      `${origin} is not an http address: ${clean(url)}`,
      "Give one such as http://127.0.0.1:4747.",
    );
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw new Failure("usage", `${origin} must not carry a user name or password.`, "Use --key-file.");
  }
}

const startFix = "Start one with `airworthy start`, or name one with --url and --key-file.";

/** `server.json` is written by a running server; a process that is gone has left a stale one behind. */
function readServerFile(folder: DataFolder): { url: string; origin: string } {
  const path = join(folder.path, "server.json");
  const text = readIfThere(path);
  if (text === undefined) throw new Failure("network", `No server is running here (${path} is not there).`, startFix);
  const { url, pid } = parseServerFile(text);
  if (url === undefined) {
    throw new Failure("network", `${path} does not say where the server is.`, `Remove it. ${startFix}`);
  }
  if (pid !== undefined && !isAlive(pid)) {
    throw new Failure("network", `The server of ${folder.path} (process ${pid}) is gone.`, startFix);
  }
  assertUrl(url, path);
  return { url, origin: path };
}

function parseServerFile(text: string): { url?: string; pid?: number } {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return {};
  }
  if (typeof value !== "object" || value === null) return {};
  return {
    ...("url" in value && typeof value.url === "string" ? { url: value.url } : {}),
    ...("pid" in value && Number.isSafeInteger(value.pid) ? { pid: Number(value.pid) } : {}),
  };
}

function isAlive(pid: number): boolean {
  if (pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, "EPERM");
  }
}

const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && "code" in error && error.code === code;

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return undefined;
    if (hasCode(error, "EACCES")) {
      throw new Failure(
        "auth",
        `This account may not read ${path}.`,
        "Use the account that runs the server, or --key-file.",
      );
    }
    throw new Failure("usage", `${path} cannot be read (${error instanceof Error ? error.message : "unknown cause"}).`);
  }
}

async function readAdminKey(path: string, shell: Shell): Promise<string> {
  const text = readIfThere(path);
  if (text === undefined) {
    throw new Failure("auth", `There is no key at ${path}.`, "Give a key with --key-file, or restart the server.");
  }
  warnWhenShared(path, shell);
  return firstLine(text, path);
}

async function readNamedKey(path: string, shell: Shell): Promise<string> {
  if (path === "-") return firstLine(await shell.readInput(), "stdin");
  const file = resolve(shell.cwd, path);
  const text = readIfThere(file);
  if (text === undefined) throw new Failure("auth", `There is no key file at ${file}.`, "Correct --key-file.");
  warnWhenShared(file, shell);
  return firstLine(text, file);
}

function warnWhenShared(path: string, shell: Shell): void {
  const stats = statSync(path);
  // A pipe (`--key-file <(command)`) has no lasting permissions worth a word; Windows has none of this kind.
  if (process.platform === "win32" || !stats.isFile() || (stats.mode & 0o077) === 0) return;
  shell.err(`warning: others may read the key at ${path}; run: chmod 600 ${path}\n`);
}

function firstLine(text: string, place: string): string {
  const key = text.trim();
  if (key === "" || !/^[\x21-\x7e]+$/.test(key)) {
    throw new Failure("auth", `What ${place} holds is not a key.`, "A key is one line of printable characters.");
  }
  return key;
}

/** Opens a client. The SDK is loaded here, because `--help` and offline commands do not need it. */
export async function openClient(connection: Connection, flags: ConnectionFlags, shell: Shell): Promise<Client> {
  const [{ createClient }, key] = await Promise.all([import("@airworthy/sdk"), connection.readKey()]);
  const send = shell.fetch ?? fetch;
  return createClient({
    baseUrl: connection.url,
    ...(key === undefined ? {} : { key }),
    ...(flags.tenant === undefined ? {} : { tenant: flags.tenant }),
    fetch: (url, init) => withSpinner(shell, async () => send(url, init)),
  });
}
