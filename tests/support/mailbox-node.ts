/** A process that brings a mailbox in until it is killed; its last argument is JSON: database, connector. */
import type { MailboxConnector } from "@airworthy/contract";
import type pg from "pg";

import { openDatabase } from "../../packages/server/src/store/database.ts";
import { startMailbox } from "./mailbox-sources.ts";

const given = JSON.parse(process.argv.at(-1) ?? "") as { connection: pg.PoolConfig; connector: MailboxConnector };
const db = openDatabase(given.connection);
const running = await startMailbox(db, given.connector, (intake) => ({
  ...intake,
  async deliver(delivery) {
    process.stdout.write("part\n");
    return intake.deliver(delivery);
  },
  async caughtUp(at) {
    await intake.caughtUp(at);
    // Nothing is left to be killed at.
    process.exit(0);
  },
}));
await running.ended;
process.exit(1);
