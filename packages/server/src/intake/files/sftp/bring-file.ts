/** Brings a file of a server here by ranges, goes on where it was cut off, and takes nothing that changed on the way. */
import { open, rename, rm, stat } from "node:fs/promises";
import { uptime } from "node:os";

import { AirworthyError } from "@airworthy/contract";

import type { ListedFile } from "../choose-files.ts";
import type { RemoteFile, Session } from "./session.ts";

const rangeBytes = 32 * 1024;
/** Ranges asked for at once: at 100 ms to the server, 20 MB a second. */
const rangesAtOnce = 64;

export type Bringing = {
  readonly session: Session;
  readonly listed: ListedFile;
  /** At the server. */
  readonly from: string;
  /** Here, in a place that is of this state of the file alone; it is there once all of it is. */
  readonly to: string;
  readonly signal: AbortSignal;
};

/** @throws AirworthyError `conflict`, retryable, where the file is no longer what was listed. */
export async function bringFile(bringing: Bringing): Promise<void> {
  const { session, listed, from, to } = bringing;
  if ((await sizeOf(to, listed.bytes)) === listed.bytes && listed.bytes > 0) return;
  const part = `${to}.part`;
  const remote = await session.open(from);
  try {
    if ((await remote.look())?.stamp !== listed.stamp) throw changed(listed);
    await copy(bringing, { remote, part, at: await sizeOf(part, listed.bytes) });
    // What was opened, and what now stands under the name: the one may be written to, the other replaced.
    const looks = await Promise.all([remote.look(), session.look(from)]);
    if (looks.some((look) => look?.stamp !== listed.stamp)) {
      await rm(part, { force: true });
      throw changed(listed);
    }
    await rename(part, to);
  } finally {
    await remote.close();
  }
}

/** Of what is here and may be gone on with. What was written before the machine started may not have reached the disk. */
async function sizeOf(file: string, bytes: number): Promise<number> {
  const found = await stat(file).catch(() => undefined);
  if (found === undefined || !found.isFile() || found.size > bytes) return 0;
  return found.mtimeMs > Date.now() - uptime() * 1000 ? found.size : 0;
}

/** Asks for many ranges at once and writes them in order: what is there is always a beginning. */
async function copy(
  { listed, signal }: Bringing,
  { remote, part, at }: { readonly remote: RemoteFile; readonly part: string; readonly at: number },
): Promise<void> {
  const file = await open(part, at === 0 ? "w" : "r+", 0o600);
  const asked: Promise<Buffer>[] = [];
  let [next, written] = [at, at];
  try {
    while (written < listed.bytes) {
      signal.throwIfAborted();
      while (next < listed.bytes && asked.length < rangesAtOnce) {
        const range = remote.read(next, Math.min(rangeBytes, listed.bytes - next));
        // Whoever awaits the first that fails hears of it; the others fail alike.
        range.catch(() => undefined);
        asked.push(range);
        next += rangeBytes;
      }
      // oxlint-disable-next-line no-await-in-loop -- in order
      const buffer = (await asked.shift()) ?? Buffer.alloc(0);
      if (buffer.length < Math.min(rangeBytes, listed.bytes - written)) throw changed(listed);
      // oxlint-disable-next-line no-await-in-loop -- in order
      await file.write(buffer, 0, buffer.length, written);
      written += buffer.length;
    }
  } finally {
    await file.close();
  }
}

const changed = ({ name }: ListedFile): AirworthyError =>
  new AirworthyError("conflict", `${name} was changed while it was read.`, {
    retryable: true,
    fix: "Have files put there whole: write under another name, then rename.",
  });
