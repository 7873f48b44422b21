/** Looks into a maildir: which mails lie in `new` and `cur`, by the part of their names that stays when their flags change. */
import { lstat, readdir } from "node:fs/promises";
import path from "node:path";

import { AirworthyError } from "@airworthy/contract";

export type MaildirFile = {
  /** The name without its flags: it stays when the mail is moved from `new` to `cur`. */
  readonly unique: string;
  readonly path: string;
};

/** Where a folder lies: the maildir itself is INBOX, the others are Maildir++ subfolders (`.Name.Below`). */
export function folderPath(root: string, folder: string): string {
  return folder.toUpperCase() === "INBOX" ? root : path.join(root, `.${folder}`);
}

/**
 * In the order of delivery, as far as names tell. `tmp` is not looked at: what lies there is not whole. Links are not followed.
 * @throws AirworthyError `unavailable`, retryable, where there is no such maildir.
 */
export async function scanMaildir(folder: string, name: string): Promise<MaildirFile[]> {
  const found = new Map<string, MaildirFile>();
  // In this order: a mail that is moved meanwhile is seen twice, and not missed.
  for (const part of ["new", "cur"]) {
    const place = path.join(folder, part);
    // oxlint-disable-next-line no-await-in-loop -- in order
    for (const entry of await listFolder(place, name)) {
      if (!entry.isFile() || entry.name.startsWith(".")) continue;
      const unique = entry.name.split(":2,", 1)[0] ?? entry.name;
      found.set(unique, { unique, path: path.join(place, entry.name) });
    }
  }
  return [...found.values()].toSorted(byDelivery);
}

async function listFolder(place: string, name: string) {
  try {
    // A link in the place of a folder leads out of the mailbox.
    if (!(await lstat(place)).isDirectory()) throw new Error("not a folder");
    return await readdir(place, { withFileTypes: true });
  } catch (cause) {
    throw new AirworthyError("unavailable", `Folder ${name} cannot be read as a maildir: it needs new and cur.`, {
      cause,
      retryable: true,
      fix: "Look at mailbox.folder, at folders, and at their permissions.",
    });
  }
}

/** A name begins with the second of delivery (https://cr.yp.to/proto/maildir.html). */
function byDelivery(one: MaildirFile, other: MaildirFile): number {
  const [a, b] = [Number.parseInt(one.unique, 10), Number.parseInt(other.unique, 10)];
  if (a !== b && !Number.isNaN(a) && !Number.isNaN(b)) return a - b;
  return one.unique < other.unique ? -1 : 1;
}
