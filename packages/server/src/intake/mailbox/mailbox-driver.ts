/** Mailboxes as a kind of source. */
import type { MailboxConnector } from "@airworthy/contract";

import type { SourceDriver } from "../source-driver.ts";
import { runMaildir } from "./maildir.ts";

export const mailboxDriver: SourceDriver<MailboxConnector> = {
  untyped: () => false,
  // Mails stay where they are: a mailbox that is made anew, or copied back, brings them all again.
  keepsIds: true,
  run: async (run) => {
    const { mailbox } = run.connector;
    if (mailbox.kind === "maildir") return runMaildir(run, mailbox);
    // The client is loaded where a server is configured, and nowhere else.
    return (await import("./imap.ts")).runImap(run, mailbox);
  },
};
