/** Opens the store: the database of `DATABASE_URL`, or the embedded one, kept running; and brings its schema up to date. */
import pg from "pg";

import { type Database, openDatabase } from "./database.ts";
import { launchDatabase, type RunningDatabase } from "./launcher.ts";
import { poll } from "./launcher-process.ts";
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
    await migrateOrClose(db);
    return { db, revive: async () => undefined, close: db.close };
  }
  let running: RunningDatabase = await launch(options);
  const db = openDatabase({ ...running.connection, ssl: false });
  await migrateOrClose(db, () => running.stop());
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

/** A store that cannot be used leaves no connection behind, and no server that was started for it. */
async function migrateOrClose(db: Database, stop?: () => Promise<void>): Promise<void> {
  try {
    await migrate(db);
  } catch (error) {
    await db.close();
    await stop?.();
    throw error;
  }
}

const noticeMaxMs = 2000;

async function isAlone({ connection }: RunningDatabase): Promise<boolean> {
  const client = new pg.Client({ ...connection, ssl: false });
  try {
    await client.connect();
    // Our own connections, closed a moment ago, are listed until their backends have noticed.
    const giveUpAt = performance.now() + noticeMaxMs;
    const look = async (): Promise<boolean | undefined> =>
      (await countOthers(client)) === 0 || (performance.now() > giveUpAt ? false : undefined);
    return await poll(look, { everyMs: 50 });
  } catch {
    return false;
  } finally {
    await client.end().catch(() => undefined);
  }
}

async function countOthers(client: pg.Client): Promise<number | undefined> {
  const { rows } = await client.query<{ others: number }>(
    "select count(*)::int as others from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()",
  );
  return rows[0]?.others;
}

const launch = ({ dataDir, onProgress }: StoreOptions): Promise<RunningDatabase> =>
  launchDatabase({ folder: dataDir, onProgress });
