/** Brings in the mails of a maildir, each content once. What it has read it knows by the mails' ids in the store; files stay as they are. */
import { constants } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import path from "node:path";

import { AirworthyError, type MailboxConnector } from "@airworthy/contract";

import { durationMs } from "../../kernel/duration.ts";
import { createFolderBell } from "../folder-bell.ts";
import type { SourceRun } from "../source-driver.ts";
import { mailLimits } from "./mail-limits.ts";
import {
  createMailParts,
  type FoundMail,
  mailId,
  type MailParts,
  partBytes,
  partMails,
  startBytes,
  tooLarge,
} from "./mail-parts.ts";
import { folderPath, type MaildirFile, scanMaildir } from "./scan-maildir.ts";

type Run = SourceRun<MailboxConnector>;
type Maildir = Extract<MailboxConnector["mailbox"], { readonly kind: "maildir" }>;

const defaultEveryMs = 60_000;
/** While a mail was moved away under our hands. */
const againMs = 200;

/** Of files that were read, by folder: a name never stands for another mail. */
type Read = Map<string, Set<string>>;

export async function runMaildir(run: Run, { folder: template }: Maildir): Promise<undefined> {
  const { connector, intake, signal } = run;
  const root = run.fill(template);
  const names = connector.folders ?? ["INBOX"];
  const everyMs = connector.every === undefined ? defaultEveryMs : durationMs(connector.every);
  const places = names.flatMap((name) => ["new", "cur"].map((part) => path.join(folderPath(root, name), part)));
  const [parts, bell] = [createMailParts(run), createFolderBell(signal)];
  const read: Read = new Map();
  // What lies there at the beginning may be in already; what comes later and is in already is a copy, and counts as one.
  let isFirst = true;
  try {
    while (!signal.aborted) {
      bell.reset();
      bell.hear(places);
      // oxlint-disable-next-line no-await-in-loop -- one look after the other
      const lookedAt = await intake.time();
      // oxlint-disable-next-line no-await-in-loop
      const { missed, closed } = await look(run, { root, names, read, parts, isFirst });
      isFirst = false;
      // All others are in and stay known. Until these are as well, not everything that has come is in.
      // oxlint-disable-next-line no-await-in-loop
      if (closed.length > 0) await intake.problem(unreadable(connector.name, closed));
      // oxlint-disable-next-line no-await-in-loop
      else if (missed === 0) await intake.caughtUp(lookedAt);
      // oxlint-disable-next-line no-await-in-loop -- until something happens
      await bell.wait((missed === 0 ? everyMs : againMs) * (0.8 + 0.4 * Math.random()));
    }
    return undefined;
  } finally {
    bell.close();
    await parts.close();
  }
}

type Look = {
  readonly root: string;
  readonly names: readonly string[];
  readonly read: Read;
  readonly parts: MailParts;
  readonly isFirst: boolean;
};

type Looked = {
  /** How many files were gone or renamed before they were read. */
  readonly missed: number;
  /** Those that cannot be opened. */
  readonly closed: readonly string[];
};

async function look(run: Run, { root, names, read, parts, isFirst }: Look): Promise<Looked> {
  let missed = 0;
  const closed: string[] = [];
  for (const name of names) {
    // oxlint-disable-next-line no-await-in-loop -- one folder after the other
    const files = await scanMaildir(folderPath(root, name), name);
    const before = read.get(name) ?? new Set();
    // Of files that are gone nothing need be known.
    const known = new Set(files.flatMap(({ unique }) => (before.has(unique) ? [unique] : [])));
    read.set(name, known);
    const waiting = files.filter(({ unique }) => !known.has(unique));
    while (waiting.length > 0 && !run.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop -- one part after the other
      const part = await takePart(waiting, { name, bytesMax: run.connector.maxBytes ?? mailLimits.bytes });
      // oxlint-disable-next-line no-await-in-loop
      await bringPart(run, part.found, { name, lag: waiting.length, parts, isFirst });
      for (const unique of part.read) known.add(unique);
      missed += part.missed;
      closed.push(...part.closed);
    }
  }
  return { missed, closed };
}

type Taken = { found: FoundMail[]; read: string[]; missed: number; closed: string[] };

/** As many files as make a part, from the beginning of those that wait. */
async function takePart(
  waiting: MaildirFile[],
  { name, bytesMax }: { readonly name: string; readonly bytesMax: number },
): Promise<Taken> {
  const taken: Taken = { found: [], read: [], missed: 0, closed: [] };
  let bytes = 0;
  while (bytes < partBytes && taken.found.length < partMails) {
    const file = waiting.shift();
    if (file === undefined) break;
    // oxlint-disable-next-line no-await-in-loop -- one after the other: what is read is kept in memory
    const content = await readFound(file.path, bytesMax);
    if (content === "gone") taken.missed += 1;
    else if (content === "closed") taken.closed.push(file.unique);
    else {
      taken.found.push({ ...content, folder: name });
      taken.read.push(file.unique);
      bytes += content.raw.byteLength;
    }
  }
  return taken;
}

type Content = Omit<FoundMail, "folder">;

async function readFound(file: string, bytesMax: number): Promise<Content | "gone" | "closed"> {
  try {
    // A link that was put in its place meanwhile is not followed.
    const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      const { size, mtimeMs } = await handle.stat();
      const isLarge = size > bytesMax;
      const raw = await readStart(handle, isLarge ? startBytes : size);
      const base = { receivedAt: Math.floor(mtimeMs), bytes: size, raw };
      return isLarge ? { ...base, why: tooLarge(size, bytesMax) } : base;
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    return code === "ENOENT" ? "gone" : "closed";
  }
}

async function readStart(handle: FileHandle, length: number): Promise<Uint8Array> {
  const raw = Buffer.alloc(length);
  let filled = 0;
  while (filled < length) {
    // oxlint-disable-next-line no-await-in-loop -- until it is read
    const { bytesRead } = await handle.read(raw, filled, length - filled, filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return raw.subarray(0, filled);
}

type Bringing = { readonly name: string; readonly lag: number; readonly parts: MailParts; readonly isFirst: boolean };

async function bringPart(
  run: Run,
  found: readonly FoundMail[],
  { name, lag, parts, isFirst }: Bringing,
): Promise<void> {
  const known = isFirst ? await run.intake.knownMessages(found.map(mailId)) : new Set();
  const fresh = known.size === 0 ? found : found.filter((one) => !known.has(mailId(one)));
  if (fresh.length > 0) await parts.bring(fresh, { origin: `maildir ${name}`, lag });
}

function unreadable(connector: string, files: readonly string[]): AirworthyError {
  const fix = "Look at their permissions; all others are in.";
  const message = `${files.length} mail${files.length === 1 ? "" : "s"} of ${connector} cannot be opened, the first ${files[0] ?? ""}. ${fix}`;
  return new AirworthyError("unavailable", message, { retryable: true, fix });
}
