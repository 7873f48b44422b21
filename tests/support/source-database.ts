/** A database of its own with the tenant `t`: where tests of sources that are run by hand bring their records in. */
import { openDatabase, type Database } from "../../packages/server/src/store/database.ts";
import { migrate } from "../../packages/server/src/store/migrate.ts";
import { ensureTenantRows } from "../../packages/server/src/store/snapshots.ts";
import { testDatabase } from "./database.ts";

type TestDatabase = Awaited<ReturnType<typeof testDatabase>>;
export type SourceDatabase = Pick<TestDatabase, "connection"> & {
  readonly db: Database;
  readonly close: () => Promise<void>;
};

export async function openSourceDatabase(): Promise<SourceDatabase> {
  const database = await testDatabase();
  const { connection } = database;
  const db = openDatabase(connection);
  await migrate(db);
  await ensureTenantRows(db, "t");
  return {
    connection,
    db,
    close: async () => {
      await db.close();
      await database.drop();
    },
  };
}
