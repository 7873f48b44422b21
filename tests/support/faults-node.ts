/** One governed desk ready to be broken: the system of record, a server process, its database, and an agent's client. */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { ActionAnswer, ActionId, ActionRecord } from "@airworthy/contract";
import type { Client } from "@airworthy/sdk";

import { faultFiles } from "./faults-config.ts";
import { type Desk, startDesk } from "./faults-desk.ts";
import {
  createServerProcess,
  databaseOf,
  type DatabaseProcess,
  makePlace,
  type Place,
  type ServerProcess,
} from "./faults-process.ts";

export type Node = {
  readonly place: Place;
  readonly desk: Desk;
  readonly server: ServerProcess;
  readonly database: DatabaseProcess;
  /** The key of an agent, good on every node. */
  readonly key: string;
  readonly agent: Client;
  /** Kills the server and starts it again on the same data. */
  readonly crash: () => Promise<void>;
  readonly close: () => Promise<void>;
};

/** `databaseUrl`: where the database is when the server does not keep its own; `dataDir` is then somebody else's folder. */
export async function startNode(outside?: (place: Place) => Promise<{ url: string; dataDir: string }>): Promise<Node> {
  const place = makePlace(faultFiles);
  const desk = await startDesk();
  const given = await outside?.(place);
  const dataDir = path.join(place.folder, "data");
  const env = { DESK_URL: desk.url, ...(given ? { DATABASE_URL: given.url } : {}) };
  const server = await createServerProcess({ place, dataDir, env });
  const database = databaseOf(given?.dataDir ?? dataDir);
  server.spawn();
  await server.untilHealthy();
  const { key } = await server.admin().createKey({ for: { kind: "agent", name: "ada" } });
  return {
    place,
    desk,
    server,
    database,
    key,
    agent: server.client(key),
    crash: async () => {
      await server.kill();
      server.spawn();
      await server.untilHealthy();
    },
    close: async () => {
      await server.kill();
      database.signal("SIGCONT");
      await database.stop();
      await desk.close();
      place.remove();
    },
  };
}

/** Looks until the action stands as wanted; returns it as it then is, or as it is when patience ends. */
export async function untilStatus(
  client: Client,
  id: ActionId,
  wanted: readonly ActionAnswer["status"][],
): Promise<ActionRecord> {
  const end = performance.now() + 60_000;
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- waiting between looks is the purpose
    const record = await client.readAction({ id }).catch(() => undefined);
    if (record && (wanted.includes(record.status) || performance.now() > end)) return record;
    if (performance.now() > end) throw new Error(`${id} cannot be read.`);
    // oxlint-disable-next-line no-await-in-loop -- as above
    await sleep(200);
  }
}

/** The one action of this agent that refers to `ref`. */
export async function actionOf(client: Client, ref: string): Promise<ActionRecord> {
  const { actions } = await client.listActions({ limit: 200 });
  const found = actions.filter((action) => action.arguments["ref"] === ref);
  const [only] = found;
  if (!only || found.length > 1) throw new Error(`${found.length} actions refer to ${ref}.`);
  return only;
}

export async function eventually(look: () => boolean): Promise<void> {
  const end = performance.now() + 30_000;
  while (!look()) {
    if (performance.now() > end) throw new Error("It never came about.");
    // oxlint-disable-next-line no-await-in-loop -- waiting between looks is the purpose
    await sleep(20);
  }
}
