/** What we ask of a server of SSH's file transfer: to list and to read. Nothing here writes, renames or deletes. */
import { AirworthyError } from "@airworthy/contract";
import type { Client, FileEntryWithStats, SFTPWrapper, Stats } from "ssh2";

import type { FileLook } from "../../quiet-files.ts";

export type RemoteFile = {
  readonly look: () => Promise<FileLook | undefined>;
  /** Fewer bytes than asked for at the end of the file alone. */
  readonly read: (position: number, length: number) => Promise<Buffer>;
  readonly close: () => Promise<void>;
};

export type Session = {
  /** Ordinary files of a folder by name. Names that lead elsewhere are left out. */
  readonly list: (folder: string) => Promise<ReadonlyMap<string, FileLook>>;
  /** Undefined for what is not there, or no ordinary file. A link is not followed. */
  readonly look: (path: string) => Promise<FileLook | undefined>;
  readonly open: (path: string) => Promise<RemoteFile>;
  readonly close: () => void;
};

/** Of one request: a server that keeps the line open and says nothing is left. */
const answerTimeoutMs = 60_000;
/** Of a folder, whatever they are. */
const listedMax = 200_000;
const status = { end: 1, noSuchFile: 2, permissionDenied: 3 } as const;

type Answer<T> = (error: Error | undefined | null, value: T) => void;
type Ask = <T>(begin: (sftp: SFTPWrapper, answer: Answer<T>) => void) => Promise<T>;

export async function createSession(client: Client, signal: AbortSignal): Promise<Session> {
  const ask = await openChannel(client, signal);
  return {
    list: (folder) => list(ask, folder),
    look: async (path) => {
      const stats = await ask<Stats>((sftp, answer) => sftp.lstat(path, answer)).catch(orNothing);
      return stats && lookOf(stats);
    },
    open: async (path) => openFile(ask, path),
    close: () => {
      client.on("error", () => undefined);
      client.end();
    },
  };
}

/** Every request ends: with its answer, with the line, or after a while. */
async function openChannel(client: Client, signal: AbortSignal): Promise<Ask> {
  const pending = new Set<(error: Error) => void>();
  let broken: Error | undefined;
  const breakAll = (): void => {
    broken ??= lost();
    for (const reject of pending) reject(broken);
  };
  client.on("error", breakAll);
  client.on("close", breakAll);
  const within = <T>(begin: (answer: Answer<T>) => void): Promise<T> =>
    new Promise<T>((resolve, reject) => {
      const timer = setTimeout(() => client.destroy(), answerTimeoutMs);
      const end = (error: Error | undefined | null, value?: T): void => {
        clearTimeout(timer);
        pending.delete(end);
        if (error || value === undefined) reject(error ? explain(error) : lost());
        else resolve(value);
      };
      if (broken !== undefined || signal.aborted) {
        end(broken ?? lost());
        return;
      }
      pending.add(end);
      try {
        begin(end);
      } catch (error) {
        end(error instanceof Error ? error : lost());
      }
    });
  const sftp = await within<SFTPWrapper>((answer) => client.sftp(answer));
  sftp.on("error", breakAll);
  sftp.on("close", breakAll);
  return (begin) => within((answer) => begin(sftp, answer));
}

async function list(ask: Ask, folder: string): Promise<ReadonlyMap<string, FileLook>> {
  const handle = await ask<Buffer>((sftp, answer) => sftp.opendir(folder, answer)).catch((error: unknown) => {
    throw notReadable(error);
  });
  const found = new Map<string, FileLook>();
  let told = 0;
  try {
    for (;;) {
      // oxlint-disable-next-line no-await-in-loop -- until the server says that there are no more
      const entries = await ask<FileEntryWithStats[]>((sftp, answer) => sftp.readdir(handle, answer)).catch(orNothing);
      if (entries === undefined) return found;
      for (const { filename, attrs } of entries) {
        const look = isPlainName(filename) ? lookOf(attrs) : undefined;
        if (look !== undefined) found.set(filename, look);
      }
      // Whatever it tells counts, an answer without names as well: a list must come to an end.
      told += Math.max(1, entries.length);
      if (told > listedMax) throw tooMany();
    }
  } finally {
    await closeHandle(ask, handle);
  }
}

/** Of 255 that file systems take, less the ending that a file has while it is being brought. */
const nameBytesMax = 250;

/** A server may say anything: a name is one part of a path, and never leads out of our folder. */
function isPlainName(name: string): boolean {
  return name !== "." && name !== ".." && Buffer.byteLength(name) <= nameBytesMax && !/[/\\\p{Cc}]/u.test(name);
}

async function openFile(ask: Ask, path: string): Promise<RemoteFile> {
  const handle = await ask<Buffer>((sftp, answer) => sftp.open(path, "r", answer)).catch((error: unknown) => {
    throw codeOf(error) === status.noSuchFile ? goneAway() : error;
  });
  return {
    look: async () => lookOf(await ask<Stats>((sftp, answer) => sftp.fstat(handle, answer))),
    read: (position, length) => readRange(ask, handle, { position, length }),
    close: () => closeHandle(ask, handle),
  };
}

/** A server may answer with less than was asked for, and means nothing by it before the end. */
async function readRange(
  ask: Ask,
  handle: Buffer,
  { position, length }: { readonly position: number; readonly length: number },
): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const from = read;
    // oxlint-disable-next-line no-await-in-loop -- the rest of what came short
    const bytes = await ask<number>((sftp, answer) =>
      sftp.read(handle, buffer, from, length - from, position + from, (error, count) => answer(error, count)),
    ).catch(orNothing);
    if (bytes === undefined || bytes === 0) break;
    read += bytes;
  }
  return buffer.subarray(0, read);
}

const closeHandle = (ask: Ask, handle: Buffer): Promise<void> =>
  ask<true>((sftp, answer) => sftp.close(handle, (error) => answer(error, true))).then(
    () => undefined,
    () => undefined,
  );

/** Times of this protocol are whole seconds; there is no more that a server says. */
function lookOf(stats: Stats): FileLook | undefined {
  if (!stats.isFile() || !Number.isSafeInteger(stats.size)) return undefined;
  const { size, mtime } = stats;
  return { bytes: size, stamp: `${size}:${mtime}`, writtenAt: mtime * 1000 };
}

const codeOf = (error: unknown): unknown =>
  typeof error === "object" && error !== null && "code" in error ? error.code : undefined;

/** The end of a list or a file, and a file that is not there, are answers. */
function orNothing(error: unknown): undefined {
  const code = codeOf(error);
  if (code === status.end || code === status.noSuchFile) return undefined;
  throw error;
}

function notReadable(error: unknown): unknown {
  if (codeOf(error) !== status.noSuchFile && !(error instanceof AirworthyError && error.code === "forbidden"))
    return error;
  return new AirworthyError("unavailable", "The folder cannot be read at the server.", {
    retryable: true,
    fix: "Look at folder, and at what the server lets this user read.",
  });
}

/** What the server says in words is its own; its code is enough. */
function explain(error: Error): Error {
  const code = codeOf(error);
  if (error instanceof AirworthyError || code === status.end || code === status.noSuchFile) return error;
  if (code === status.permissionDenied) {
    const fix = "Look at what the server lets this user read.";
    return new AirworthyError("forbidden", "The server does not let us read a file.", { retryable: true, fix });
  }
  const why = typeof code === "number" ? `status ${code}` : "no answer that can be read";
  return new AirworthyError("unavailable", `The server refused a request (${why}).`, { retryable: true, cause: error });
}

const goneAway = (): AirworthyError =>
  new AirworthyError("conflict", "A file was taken away before it was read.", { retryable: true });
const lost = (): AirworthyError =>
  new AirworthyError("unavailable", "The connection to the server was lost; it goes on where it was.", {
    retryable: true,
  });
const tooMany = (): AirworthyError =>
  new AirworthyError("invalid_input", `The folder at the server holds more than ${listedMax} entries.`, {
    fix: "Have old ones put elsewhere.",
  });
