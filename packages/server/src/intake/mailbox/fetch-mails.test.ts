/** Fetching from a server that does not hand out what it names. */
import type { ImapFlow } from "imapflow";
import { expect, it } from "vitest";

import { fetchMails } from "./fetch-mails.ts";

/** Hands out mail `uid` when it is asked for it for the `uid`-th time; the third one never. */
function createServer(): ImapFlow {
  const asked = new Map<number, number>();
  const client = {
    usable: true,
    mailbox: { uidValidity: 7n },
    fetchAll: async (uids: string) => uids.split(",").map((uid) => ({ uid: Number(uid), size: 4 })),
    fetch: async function* (uids: string) {
      for (const uid of uids.split(",").map(Number)) {
        const times = (asked.get(uid) ?? 0) + 1;
        asked.set(uid, times);
        yield times < uid ? { uid } : { uid, source: Buffer.from(`mail`) };
      }
    },
  };
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as much of a client as it needs
  return client as unknown as ImapFlow;
}

it("a mail that is not handed out is asked for once more, and set aside only then", async () => {
  const { found, uids } = await fetchMails(createServer(), [1, 2, 3], { name: "INBOX", validity: "7", bytesMax: 100 });
  expect(uids).toEqual([1, 2, 3]);
  expect(found.map(({ why }) => why)).toEqual([undefined, undefined, "the server names it and does not hand it out"]);
});
