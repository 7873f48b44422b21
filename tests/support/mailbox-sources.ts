/** A mailbox on a real store, run by hand: what tests of mailboxes are made of. */
import type { MailboxConnector, Snapshot } from "@airworthy/contract";

import { createIntake } from "../../packages/server/src/intake/create-intake.ts";
import { mailboxDriver } from "../../packages/server/src/intake/mailbox/mailbox-driver.ts";
import type { SourceIntake } from "../../packages/server/src/intake/source-driver.ts";
import { createPeers } from "../../packages/server/src/kernel/network/create-peers.ts";
import type { Database } from "../../packages/server/src/store/database.ts";
import { createSourceStore } from "../../packages/server/src/store/sources.ts";
import { mailsContract } from "./mails.ts";

export function mailboxConnectorOf(
  name: string,
  mailbox: MailboxConnector["mailbox"],
  extra: Partial<MailboxConnector> = {},
): MailboxConnector {
  return {
    apiVersion: "airworthy/v1",
    kind: "Connector",
    name,
    type: "mailbox",
    mailbox,
    records: [{ record: "mail", contract: "mails" }],
    tools: [{ name: `${name}.get`, effect: "read", input: { type: "object" }, find: { record: "mail", by: "$.id" } }],
    ...extra,
  };
}

export type RunningMailbox = { readonly ended: Promise<unknown>; readonly stop: () => Promise<void> };

/** Secrets are what the reference names; `around` may break what it delivers. */
export async function startMailbox(
  db: Database,
  connector: MailboxConnector,
  around: (intake: SourceIntake) => SourceIntake = (intake) => intake,
): Promise<RunningMailbox> {
  const store = createSourceStore(db);
  const holder = `node-${process.pid}-${Math.random()}`;
  const lease = await store.acquire({ tenant: "t", connector: connector.name }, holder);
  if (!lease) throw new Error("no lease");
  const snapshot = { contracts: { mails: mailsContract }, tools: {}, connectors: {} } as unknown as Snapshot;
  const abort = new AbortController();
  const intake = createIntake({ store, lease, snapshot, connector, untyped: false, now: Date.now });
  const secret = (ref: { env: string } | { file: string }): string => ("env" in ref ? ref.env : ref.file);
  const peers = createPeers({ text: secret, fill: (text) => text, now: Date.now });
  const rest = { secret, pem: secret, spool: "", fill: String, peers };
  const run = { tenant: "t", connector, snapshot, intake: around(intake), ...rest };
  const ended = mailboxDriver.run({ ...run, signal: abort.signal }).then(
    () => store.release(lease, holder),
    async (error: unknown) => {
      await store.release(lease, holder);
      return error;
    },
  );
  return {
    ended,
    async stop() {
      abort.abort();
      await ended;
    },
  };
}
