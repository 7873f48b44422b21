/** Keeps at hand what was brought from a server: parts to go on with, and what settled files were, so that they are not brought again. */
import { appendFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";

import { sha256Hex } from "../../../kernel/canonical.ts";
import type { ListedFile } from "../choose-files.ts";

export type Spool = {
  /** Where this state of a file is kept, by its own name. The folder is made. */
  readonly placeFor: (file: ListedFile) => Promise<string>;
  readonly digestOf: (file: ListedFile) => string | undefined;
  /** Remembers what it was, and lets go of it. */
  readonly settle: (file: ListedFile, digest: string) => Promise<void>;
  /** Lets go of what is of none of these files: all that are there, by name. */
  readonly keepOnly: (listed: ReadonlyMap<string, Pick<ListedFile, "stamp">>) => Promise<void>;
};

type Seen = { readonly stamp: string; readonly digest: string };
const seenFile = "seen.jsonl";
const filesFolder = "files";

export async function openSpool(folder: string): Promise<Spool> {
  const files = path.join(folder, filesFolder);
  await mkdir(files, { recursive: true, mode: 0o700 });
  const log = path.join(folder, seenFile);
  const seen = await readSeen(log);
  const remove = (key: string): Promise<void> => rm(path.join(files, key), { recursive: true, force: true });
  return {
    placeFor: async (file) => {
      const own = path.join(files, keyOf(file.name, file.stamp));
      await mkdir(own, { recursive: true, mode: 0o700 });
      return path.join(own, file.name);
    },
    digestOf: ({ name, stamp }) => {
      const one = seen.get(name);
      return one?.stamp === stamp ? one.digest : undefined;
    },
    settle: async ({ name, stamp }, digest) => {
      seen.set(name, { stamp, digest });
      await appendFile(log, lineOf(name, { stamp, digest }), { mode: 0o600 });
      await remove(keyOf(name, stamp));
    },
    keepOnly: async (listed) => {
      const kept = await readdir(files);
      if (kept.length > 0) {
        const wanted = new Set([...listed].map(([name, { stamp }]) => keyOf(name, stamp)));
        await Promise.all(kept.filter((key) => !wanted.has(key)).map(remove));
      }
      const gone = [...seen.keys()].filter((name) => !listed.has(name));
      for (const name of gone) seen.delete(name);
      if (gone.length > 0) await writeSeen(log, seen);
    },
  };
}

const keyOf = (name: string, stamp: string): string => sha256Hex(JSON.stringify([name, stamp])).slice(0, 32);
const lineOf = (name: string, { stamp, digest }: Seen): string => `${JSON.stringify([name, stamp, digest])}\n`;

/** What cannot be read is forgotten: it costs a file that is brought once more. */
async function readSeen(log: string): Promise<Map<string, Seen>> {
  const text = await readFile(log, "utf8").catch(() => "");
  const seen = new Map<string, Seen>();
  for (const line of text.split("\n")) {
    const [name, stamp, digest] = readLine(line);
    if (name !== undefined && stamp !== undefined && digest !== undefined) seen.set(name, { stamp, digest });
  }
  return seen;
}

function readLine(line: string): readonly string[] {
  try {
    const value: unknown = JSON.parse(line);
    return Array.isArray(value) && value.every((one): one is string => typeof one === "string") ? value : [];
  } catch {
    return [];
  }
}

async function writeSeen(log: string, seen: ReadonlyMap<string, Seen>): Promise<void> {
  const fresh = `${log}.new`;
  await writeFile(fresh, [...seen].map(([name, one]) => lineOf(name, one)).join(""), { mode: 0o600 });
  await rename(fresh, log);
}
