/** Opens the store: the database of `DATABASE_URL`, or the embedded one, kept running; and brings its schema up to date. */
import pg from "pg";

import { type Database, openDatabase } from "./database.ts";
import { launchDatabase, type RunningDatabase } from "./launcher.ts";
import { migrate } from "./migrate.ts";

export type OpenStore = {
  readonly db: Database;
  /** Brings a fallen embedded server back; with `DATABASE_URL` there is nothing we could do. Never rejects. */
  readonly revive: () => Promise<void>;
  readonly close: () => Promise<void>;
};
export type StoreOptions = {
  readonly dataDir: string;
  readonly databaseUrl: string | undefined;
  readonly onProgress: (message: string) => void;
};

export async function openStore(options: StoreOptions): Promise<OpenStore> {
  const { databaseUrl } = options;
  if (databaseUrl !== undefined) {
    const db = openDatabase({ connectionString: databaseUrl });
    await migrate(db);
    return { db, revive: async () => undefined, close: db.close };
  }
  let running: RunningDatabase = await launch(options);
  const db = openDatabase({ ...running.connection, ssl: false });
  await migrate(db);
  let reviving: Promise<void> | undefined;
  return {
    db,
    revive: () => {
      reviving ??= launch(options)
        .then((again) => {
          running = again;
        })
        .catch(() => undefined)
        .finally(() => {
          reviving = undefined;
        });
      return reviving;
    },
    close: async () => {
      await reviving;
      await db.close();
      // One that was adopted after a crash is ours to stop as well, unless somebody else is connected to it.
      await running.stop({ adopted: await isAlone(running) });
    },
  };
}

async function isAlone({ connection }: RunningDatabase): Promise<boolean> {
  const client = new pg.Client({ ...connection, ssl: false });
  try {
    await client.connect();
    const { rows } = await client.query<{ others: number }>(
      "select count(*)::int as others from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
    );
    return rows[0]?.others === 0;
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

const launch = ({ dataDir, onProgress }: StoreOptions): Promise<RunningDatabase> =>
  launchDatabase({ folder: dataDir, onProgress });
