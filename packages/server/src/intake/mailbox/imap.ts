/** Brings in the mails of an IMAP server, from the number that was written last: pushed where the server tells of new ones, else polled. */
import { AirworthyError, type MailboxConnector } from "@airworthy/contract";
import type { ImapFlow } from "imapflow";

import { durationMs } from "../../kernel/duration.ts";
import { isJsonObject, parseJsonStrict } from "../../kernel/json.ts";
import type { SourceRun } from "../source-driver.ts";
import { fetchMails } from "./fetch-mails.ts";
import { explainImap, type Imap, openImap } from "./imap-connection.ts";
import { mailLimits } from "./mail-limits.ts";
import { createMailParts, type MailParts } from "./mail-parts.ts";

type Run = SourceRun<MailboxConnector>;
/** Numbers count within one life of a folder (RFC 9051, 2.3.1.1): made anew, all of its mails are read again, and known. */
type FolderPosition = { readonly validity: string; readonly uid: number };
type Positions = Map<string, FolderPosition>;

const defaultEveryMs = 60_000;
/** A connection on which nothing is said for two minutes is taken for dead: by the client, and by things on the way. */
const quietMost = 90_000;

/** After `quietMs` of waiting the server is asked for a word, and told again that we wait. */
export async function runImap(run: Run, imap: Imap, quietMs = quietMost): Promise<undefined> {
  const client = await openImap(run, imap);
  const parts = createMailParts(run);
  const stop = (): void => client.close();
  run.signal.addEventListener("abort", stop, { once: true });
  try {
    await follow(run, { imap, client, parts, quietMs, positions: readPositions(run.intake.position()) });
    return undefined;
  } catch (error) {
    if (run.signal.aborted) return undefined;
    throw explainImap(error, run.connector.name);
  } finally {
    run.signal.removeEventListener("abort", stop);
    client.close();
    await parts.close();
  }
}

type At = {
  readonly imap: Imap;
  readonly client: ImapFlow;
  readonly parts: MailParts;
  readonly quietMs: number;
  readonly positions: Positions;
};

async function follow(run: Run, at: At): Promise<void> {
  const names = run.connector.folders ?? ["INBOX"];
  const everyMs = run.connector.every === undefined ? defaultEveryMs : durationMs(run.connector.every);
  const news = createNews(at.client);
  while (!run.signal.aborted) {
    news.reset();
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    const lookedAt = await run.intake.time();
    // The first one last: it is then open, and its server tells of what comes.
    for (const name of names.toReversed()) {
      // oxlint-disable-next-line no-await-in-loop -- one folder of one connection
      await readFolder(run, at, name);
    }
    // oxlint-disable-next-line no-await-in-loop
    await run.intake.caughtUp(lookedAt);
    // oxlint-disable-next-line no-await-in-loop -- until something happens
    await waitForNews(at, news, everyMs * (0.8 + 0.4 * Math.random()));
  }
}

async function waitForNews({ client, quietMs }: At, news: News, ms: number): Promise<void> {
  for (let left = ms; ; left -= quietMs) {
    // Ends by itself with the next command; without the extension the poll alone remains.
    if (client.capabilities.has("IDLE")) void client.idle().catch(() => undefined);
    // oxlint-disable-next-line no-await-in-loop
    if ((await news.wait(Math.min(left, quietMs))) || left <= quietMs) return;
    // oxlint-disable-next-line no-await-in-loop
    await client.noop();
  }
}

async function readFolder(run: Run, at: At, name: string): Promise<void> {
  const { client, positions } = at;
  const folder = await openFolder(run, at, name);
  const validity = String(folder.uidValidity);
  // Without these nobody knows what was read already. The types promise them; servers do not.
  // oxlint-disable-next-line typescript/no-unnecessary-condition
  if (!Number.isSafeInteger(folder.uidNext) || !/^\d+$/.test(validity)) throw unnumbered(run, name);
  const known = positions.get(name) ?? (await begin(at, name, { validity, uidNext: folder.uidNext }));
  // A number that was given stays given: a server that counts below it has begun anew without saying so.
  const isSame = known.validity === validity && known.uid < folder.uidNext;
  const after = isSame ? known.uid : 0;
  positions.set(name, { validity, uid: after });
  if (folder.exists === 0 || folder.uidNext <= after + 1) return;
  const found = await client.search({ uid: `${after + 1}:*` }, { uid: true });
  if (found === false || found === undefined) throw refused(run, name);
  // `n:*` always names the last one, also where it is below n.
  const waiting = found.filter((uid) => uid > after).toSorted((a, b) => a - b);
  while (waiting.length > 0) {
    run.signal.throwIfAborted();
    // oxlint-disable-next-line no-await-in-loop -- one part after the other
    await readPart(run, at, { name, validity, waiting });
  }
}

/** From now on is written at once: what comes while we are away is then read. */
async function begin(
  { imap, parts, positions }: At,
  name: string,
  { validity, uidNext }: { readonly validity: string; readonly uidNext: number },
): Promise<FolderPosition> {
  const first = { validity, uid: imap.from === "now" ? uidNext - 1 : 0 };
  if (first.uid === 0) return first;
  const position = write(new Map(positions).set(name, first));
  await parts.bring([], { origin: `imap ${name} ${validity} from ${uidNext}`, position, lag: 0 });
  return first;
}

async function openFolder(run: Run, { client, imap }: At, name: string) {
  try {
    return await client.mailboxOpen(name, { readOnly: imap.markSeen !== true });
  } catch (error) {
    if (!client.usable) throw error;
    throw refused(run, name);
  }
}

function refused({ connector }: Run, name: string): AirworthyError {
  const fix = "Look at folders; they are named as the server names them.";
  return new AirworthyError(
    "unavailable",
    `The mail server of ${connector.name} does not open folder ${name}. ${fix}`,
    {
      place: `Connector ${connector.name}, folders`,
      fix,
      retryable: true,
    },
  );
}

function unnumbered({ connector }: Run, name: string): AirworthyError {
  const fix = "Read it as a maildir, or from another server.";
  const message = `The mail server of ${connector.name} does not say how folder ${name} is numbered (UIDNEXT, UIDVALIDITY). ${fix}`;
  return new AirworthyError("unavailable", message, {
    place: `Connector ${connector.name}, folders`,
    fix,
    retryable: true,
  });
}

type Waiting = { readonly name: string; readonly validity: string; readonly waiting: number[] };

async function readPart(run: Run, at: At, { name, validity, waiting }: Waiting): Promise<void> {
  const { client, imap, parts, positions } = at;
  const bytesMax = run.connector.maxBytes ?? mailLimits.bytes;
  const { found, uids } = await fetchMails(client, waiting, { name, validity, bytesMax });
  waiting.splice(0, uids.length);
  const next = { validity, uid: uids.at(-1) ?? 0 };
  const position = write(new Map(positions).set(name, next));
  const origin = `imap ${name} ${validity} ${uids[0] ?? 0}-${next.uid}`;
  await parts.bring(found, { origin, position, lag: waiting.length });
  positions.set(name, next);
  if (imap.markSeen !== true || uids.length === 0) return;
  await client.messageFlagsAdd(uids.join(","), [String.raw`\Seen`], { uid: true });
}

const write = (positions: Positions): string => JSON.stringify({ folders: Object.fromEntries(positions) });

function readPositions(text: string | undefined): Positions {
  if (text === undefined) return new Map();
  const value = parseJsonStrict(Buffer.from(text));
  const folders = isJsonObject(value) && isJsonObject(value["folders"]) ? Object.entries(value["folders"]) : undefined;
  if (folders === undefined)
    throw new AirworthyError("internal", "The position of this source is not one of a mailbox.");
  return new Map(
    folders.flatMap(([name, at]): [string, FolderPosition][] => {
      const { validity, uid } = isJsonObject(at) ? at : {};
      return typeof validity === "string" && typeof uid === "number" ? [[name, { validity, uid }]] : [];
    }),
  );
}

type News = ReturnType<typeof createNews>;

/** Rings when the server tells of new mails, and when the connection ends: that is then an error. */
function createNews(client: ImapFlow) {
  let rung = false;
  let wake: (() => void) | undefined;
  const ring = (): void => {
    rung = true;
    wake?.();
  };
  client.on("exists", ring);
  client.on("close", ring);
  return {
    reset: (): void => void (rung = false),
    /** Whether it rang. */
    wait: async (ms: number): Promise<boolean> => {
      if (!rung && client.usable) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      wake = undefined;
      if (!client.usable) throw Object.assign(new Error("closed"), { code: "ECONNRESET" });
      return rung;
    },
  };
}
