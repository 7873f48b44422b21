/** Fetches the next mails of an open IMAP folder: their sizes first, so that nothing is asked for that is too large. */
import type { FetchMessageObject, ImapFlow } from "imapflow";

import { type FoundMail, partBytes, partMails, startBytes, tooLarge } from "./mail-parts.ts";

export type Folder = { readonly name: string; readonly validity: string; readonly bytesMax: number };
export type Fetched = {
  readonly found: readonly FoundMail[];
  /** The numbers that are done with, in their order; those without a mail were deleted meanwhile. */
  readonly uids: readonly number[];
};

/** As many of `waiting` as make a part, from its beginning. */
export async function fetchMails(client: ImapFlow, waiting: readonly number[], folder: Folder): Promise<Fetched> {
  const asked = waiting.slice(0, partMails);
  const heads = await client.fetchAll(asked.join(","), { uid: true, size: true, internalDate: true }, { uid: true });
  checkOpen(client, folder);
  const byUid = new Map(heads.map((head) => [head.uid, head]));
  const uids = choose(asked, (uid) => Math.min(byUid.get(uid)?.size ?? 0, folder.bytesMax));
  const here = uids.flatMap((uid) => byUid.get(uid) ?? []);
  const isLarge = ({ size = 0 }: FetchMessageObject): boolean => size > folder.bytesMax;
  // One byte more than may be: a server that was wrong about the size is found out.
  const whole = { uids: here.filter((head) => !isLarge(head)).map(({ uid }) => uid), maxLength: folder.bytesMax + 1 };
  const large = { uids: here.filter(isLarge).map(({ uid }) => uid), maxLength: startBytes };
  const sources = new Map([...(await fetchTwice(client, whole)), ...(await fetchTwice(client, large))]);
  checkOpen(client, folder);
  return { uids, found: here.map((head) => toFound(head, sources.get(head.uid), folder)) };
}

/** Of a connection that has ended the client answers nothing: that must not be taken for a folder without mails. */
function checkOpen({ usable, mailbox }: ImapFlow, { name, validity }: Folder): void {
  if (usable && mailbox !== false && String(mailbox.uidValidity) === validity) return;
  throw Object.assign(new Error(`folder ${name} is no longer open`), { code: "ECONNRESET" });
}

function choose(asked: readonly number[], bytesOf: (uid: number) => number): number[] {
  const chosen: number[] = [];
  let bytes = 0;
  for (const uid of asked) {
    if (chosen.length > 0 && bytes + bytesOf(uid) > partBytes) break;
    chosen.push(uid);
    bytes += bytesOf(uid);
  }
  return chosen;
}

type Asked = { readonly uids: readonly number[]; readonly maxLength: number };

/** What the server names and does not hand out is asked for once more: it may be between two states. */
async function fetchTwice(client: ImapFlow, { uids, maxLength }: Asked): Promise<Map<number, Buffer>> {
  const sources = await fetchSources(client, { uids, maxLength });
  const missing = uids.filter((uid) => !sources.has(uid));
  return new Map([...sources, ...(await fetchSources(client, { uids: missing, maxLength }))]);
}

async function fetchSources(client: ImapFlow, { uids, maxLength }: Asked): Promise<Map<number, Buffer>> {
  const sources = new Map<number, Buffer>();
  if (uids.length === 0) return sources;
  // It asks by PEEK, which leaves a mail unseen.
  for await (const { uid, source } of client.fetch(
    uids.join(","),
    { uid: true, source: { maxLength } },
    { uid: true },
  )) {
    if (source !== undefined) sources.set(uid, source);
  }
  return sources;
}

function toFound(head: FetchMessageObject, raw: Buffer | undefined, { name, validity, bytesMax }: Folder): FoundMail {
  const { uid, size = 0, internalDate } = head;
  const received = new Date(internalDate ?? Number.NaN).getTime();
  const bytes = Math.max(size, raw?.byteLength ?? 0);
  const base = { folder: name, receivedAt: Number.isNaN(received) ? Date.now() : received, bytes };
  // Nothing is passed over silently, also not what was deleted between the two questions.
  const place = Buffer.from(`${name} ${validity}/${uid}`);
  if (raw === undefined) return { ...base, raw: place, why: "the server names it and does not hand it out" };
  return bytes > bytesMax
    ? { ...base, raw: raw.subarray(0, startBytes), why: tooLarge(bytes, bytesMax) }
    : { ...base, raw };
}
