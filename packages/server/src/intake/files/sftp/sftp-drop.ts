/** A folder at a server of SSH's file transfer: looked at now and then, its files brought here one after the other. */
import { rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { AirworthyError, type FileConnector, type SftpOptions } from "@airworthy/contract";

import { sha256Hex } from "../../../kernel/canonical.ts";
import { lookAtFile, type FileLook, type Quiet } from "../../quiet-files.ts";
import type { SourceRun } from "../../source-driver.ts";
import { defaultMaxBytes } from "../check-file.ts";
import { chooseFiles, sidesOf, type ListedFile } from "../choose-files.ts";
import type { FileDrop } from "../file-drop.ts";
import { sideBytesMax, sideTooLarge, type FoundFile } from "../scan-folder.ts";
import { bringFile } from "./bring-file.ts";
import { openSession } from "./open-session.ts";
import { openSpool, type Spool } from "./open-spool.ts";
import type { Session } from "./session.ts";

type Run = SourceRun<FileConnector>;

/**
 * The protocol tells times in whole seconds: a file that is written twice in one looks the same. Seen for longer than that, whatever
 * changes it shows.
 */
const leastRestMs = 1100;

export async function openSftpDrop(run: Run, sftp: SftpOptions): Promise<FileDrop> {
  const { connector, fill, signal } = run;
  const folder = fill(connector.folder);
  const spool = await openSpool(run.spool);
  const quiet: Quiet = new Map();
  let round: Round | undefined;
  const inRound = (): Round => {
    if (round !== undefined) return round;
    throw new AirworthyError("internal", "A file is brought while its folder is looked at, and at no other time.");
  };
  return {
    // One session for each look: servers hang up on those that are silent.
    look: async (take) => {
      const session = await openSession(run, sftp);
      try {
        const listed = await session.list(folder);
        const names = new Set(listed.keys());
        await spool.keepOnly(listed);
        const look = async (name: string): Promise<FileLook | undefined> => listed.get(name);
        const { files, resting } = await chooseFiles(connector, { names, look, quiet, leastRestMs });
        round = { session, folder, spool, signal };
        await take(files);
        return { resting };
      } finally {
        round = undefined;
        session.close();
      }
    },
    digestOf: async (file) => spool.digestOf(file),
    bring: async (file) => bring(connector, file, inRound()),
    settle: (file, digest) => spool.settle(file, digest),
    wait: async (ms) => {
      await sleep(ms, undefined, { signal }).catch(() => undefined);
    },
    close: () => round?.session.close(),
  };
}

type Round = {
  readonly session: Session;
  readonly folder: string;
  readonly spool: Spool;
  readonly signal: AbortSignal;
};

async function bring(connector: FileConnector, file: ListedFile, round: Round): Promise<FoundFile> {
  const { session, folder, spool, signal } = round;
  const to = await spool.placeFor(file);
  if (file.bytes > (connector.maxBytes ?? defaultMaxBytes)) {
    // It will be refused for its size, so it is not brought: its name and state stand in for its content.
    await writeFile(to, sha256Hex(`${file.name} ${file.stamp}`), { mode: 0o600 });
  } else await bringFile({ session, listed: file, from: path.posix.join(folder, file.name), to, signal });
  for (const side of sidesOf(connector)) {
    // oxlint-disable-next-line no-await-in-loop -- two at most
    await bringSide(round, { name: `${file.name}${side}`, to: `${to}${side}` });
  }
  const here = await lookAtFile(to);
  if (here === undefined) throw new AirworthyError("internal", "What was brought is not there.");
  return { ...file, path: to, stamp: here.stamp };
}

/** One that is too long to be what it should be is left there. */
async function bringSide(
  { session, folder }: Round,
  { name, to }: { readonly name: string; readonly to: string },
): Promise<void> {
  const from = path.posix.join(folder, name);
  const look = await session.look(from);
  await rm(to, { force: true });
  if (look === undefined) return;
  if (look.bytes > sideBytesMax) {
    await writeFile(to, sideTooLarge, { mode: 0o600 });
    return;
  }
  const remote = await session.open(from);
  try {
    await writeFile(to, await remote.read(0, look.bytes), { mode: 0o600 });
  } finally {
    await remote.close();
  }
}
