/** Brings the schema up to date: numbered SQL files, forward only, each once, by one node at a time. */
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";

import { AirworthyError } from "@airworthy/contract";

import { sha256Hex } from "../kernel/canonical.ts";
import type { Database } from "./database.ts";

/** Beside this file in the sources; the build copies it beside the compiled file. */
const folder = path.join(import.meta.dirname, "migrations");
const lockKey = 7_267_113;

const migrateWithinMs = 3_600_000;

/** @throws AirworthyError `conflict` when a migration that was applied before has been changed since. */
export async function migrate(database: Database): Promise<void> {
  await database.transaction(async (tx) => {
    await tx.query({ text: "set local statement_timeout = 0" });
    // Another node may be at it, and a migration of large tables takes its time.
    await tx.query({ text: "select pg_advisory_xact_lock($1)", values: [lockKey], answerWithinMs: migrateWithinMs });
    await tx.query({
      text: `create table if not exists schema_migrations
             (name text primary key, checksum text not null, applied_at timestamptz not null default clock_timestamp())`,
    });
    const applied = new Map(
      (
        await tx.query<{ name: string; checksum: string }>({ text: "select name, checksum from schema_migrations" })
      ).map((row) => [row.name, row.checksum]),
    );
    for (const name of readdirSync(folder)
      .filter((file) => file.endsWith(".sql"))
      .toSorted()) {
      const text = readFileSync(path.join(folder, name), "utf8");
      const checksum = sha256Hex(text);
      const known = applied.get(name);
      if (known !== undefined && known !== checksum) throw changed(name);
      if (known !== undefined) continue;
      // Migrations build on each other, so they run in order.
      await tx.query({ text, answerWithinMs: migrateWithinMs });
      await tx.query({
        text: "insert into schema_migrations (name, checksum) values ($1, $2)",
        values: [name, checksum],
      });
    }
  });
}

function changed(name: string): AirworthyError {
  return new AirworthyError("conflict", `Migration ${name} was applied to this database with other content.`, {
    fix: "Restore the file as it was released, and put the change into a new numbered migration.",
  });
}
