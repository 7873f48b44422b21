/** A process that brings a file source in until it is killed; its last argument is JSON: database, connector. */
import type { FileConnector } from "@airworthy/contract";
import type pg from "pg";

import type { SourceIntake } from "../../packages/server/src/intake/source-driver.ts";
import { openDatabase } from "../../packages/server/src/store/database.ts";
import { startFileSource } from "./file-sources.ts";

const given = JSON.parse(process.argv.at(-1) ?? "") as {
  connection: pg.PoolConfig;
  connector: FileConnector;
  spool?: string;
};
const db = openDatabase(given.connection);
const around = (intake: SourceIntake): SourceIntake => ({
  ...intake,
  async deliver(delivery) {
    const outcome = await intake.deliver(delivery);
    process.stdout.write(`${delivery.messages.at(-1)?.number ?? "end"}\n`);
    // Nothing is left to be killed at.
    if (delivery.more === false && delivery.lag === 0) process.exit(0);
    return outcome;
  },
});
const running = await startFileSource(db, given.connector, around, given.spool);
await running.ended;
