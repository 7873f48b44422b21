/** Kills and freezes at random moments, from a seed, and brings everything back each time. */
import { setTimeout as sleep } from "node:timers/promises";

import type { Random } from "../../examples/company/src/world/random.ts";
import type { DatabaseProcess, ServerProcess } from "./faults-process.ts";

const kinds = ["server", "database", "postmaster", "both", "twice", "zombie"] as const;
export type KillKind = (typeof kinds)[number];

const weights: Readonly<Record<KillKind, number>> = {
  server: 0.4,
  database: 0.2,
  /** Only the parent dies; its children go on for a moment and must not be joined by a second server. */
  postmaster: 0.1,
  both: 0.1,
  /** Killed again while it comes back. */
  twice: 0.15,
  /** Frozen past its leases and woken up again. */
  zombie: 0.05,
};

export function drawKind(random: Random): KillKind {
  let left = random.next();
  return kinds.find((kind) => (left -= weights[kind]) < 0) ?? "server";
}

/** Strikes once and returns when the server is healthy again. */
export async function strike(
  kind: KillKind,
  { server, database, random }: { server: ServerProcess; database: DatabaseProcess; random: Random },
): Promise<void> {
  switch (kind) {
    case "server":
      await restart(server);
      break;
    case "database":
    case "postmaster": {
      // Down already from the strike before: then the server is struck while it brings it back.
      const hit = database.signal("SIGKILL", kind === "postmaster" ? "postmaster" : "all");
      if (hit === 0) await restart(server);
      break;
    }
    case "both":
      database.signal("SIGKILL");
      await sleep(random.int(0, 30));
      await restart(server);
      break;
    case "twice":
      await restart(server);
      await sleep(random.int(100, 3000));
      await restart(server);
      break;
    case "zombie":
      server.freeze();
      await sleep(random.int(2500, 9000));
      server.thaw();
      break;
  }
  await sleep(100);
  await server.untilHealthy();
}

async function restart(server: ServerProcess): Promise<void> {
  await server.kill();
  server.spawn();
}
