/** A process that brings a folder of documents in until it is killed; its last argument is JSON: database, connector. */
import type { DocumentsConnector } from "@airworthy/contract";
import type pg from "pg";

import type { Delivery } from "../../packages/server/src/intake/source-driver.ts";
import { openDatabase } from "../../packages/server/src/store/database.ts";
import { startDocuments } from "./document-sources.ts";

const given = JSON.parse(process.argv.at(-1) ?? "") as { connection: pg.PoolConfig; connector: DocumentsConnector };
const db = openDatabase(given.connection);
function say(deliveries: readonly Delivery[]): void {
  for (const { batch } of deliveries) process.stdout.write(`${batch.id}\n`);
  // Nothing is left to be killed at.
  const last = deliveries.at(-1);
  if (last?.more === false && last.lag === 0) process.exit(0);
}
const running = await startDocuments(db, given.connector, (intake) => ({
  ...intake,
  async deliver(delivery) {
    const outcome = await intake.deliver(delivery);
    say([delivery]);
    return outcome;
  },
  async deliverAll(deliveries) {
    const outcomes = await intake.deliverAll(deliveries);
    say(deliveries);
    return outcomes;
  },
}));
await running.ended;
