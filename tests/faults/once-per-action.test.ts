/** The proof of "once per action id": random kills of server and database under load, then everything is counted. */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { verifyOffline } from "@airworthy/server";
import { afterAll, beforeAll, expect, it } from "vitest";

import { createRandom } from "../../examples/company/src/world/random.ts";
import { checkOnce } from "../support/faults-check.ts";
import { faultAgents, faultFiles } from "../support/faults-config.ts";
import { type Desk, type Mishap, startDesk } from "../support/faults-desk.ts";
import { drawKind, strike } from "../support/faults-kills.ts";
import { startLoad } from "../support/faults-load.ts";
import {
  createServerProcess,
  databaseOf,
  type DatabaseProcess,
  makePlace,
  type Place,
  type ServerProcess,
} from "../support/faults-process.ts";

const kills = Number(process.env["AIRWORTHY_FAULT_KILLS"] ?? 20);
const seed = Number(process.env["AIRWORTHY_FAULT_SEED"] ?? Math.floor(Math.random() * 1_000_000));
/** A walk that was cut off before its redemption is taken over after 30 s. */
const settleMs = 120_000;

let place: Place;
let desk: Desk;
let server: ServerProcess;
let database: DatabaseProcess;

beforeAll(async () => {
  place = makePlace(faultFiles);
  desk = await startDesk();
  const dataDir = path.join(place.folder, "data");
  server = await createServerProcess({ place, dataDir, env: { DESK_URL: desk.url } });
  database = databaseOf(dataDir);
  server.spawn();
  await server.untilHealthy();
});

afterAll(async () => {
  await server.kill();
  await database.stop();
  await desk.close();
  place.remove();
});

it(`loses nothing and does nothing twice over ${kills} kills`, { timeout: 120_000 + kills * 20_000 }, async () => {
  console.log(`AIRWORTHY_FAULT_SEED=${seed} AIRWORTHY_FAULT_KILLS=${kills}`);
  const random = createRandom(seed);
  const mishaps = createRandom(seed, 1);
  desk.mishap = () => drawMishap(mishaps.next());
  const admin = server.admin();
  const agents = await Promise.all(
    faultAgents.map(async (name) => {
      const { key } = await admin.createKey({ for: { kind: "agent", name } });
      return { name, client: server.client(key) };
    }),
  );
  const { key } = await admin.createKey({ for: { kind: "person", name: "maria" } });
  const load = startLoad({ agents, approver: server.client(key), random: createRandom(seed, 2), workers: 32 });
  const struck: Record<string, number> = {};
  for (let count = 0; count < kills; count++) {
    await sleep(random.int(300, 2500));
    const kind = drawKind(random);
    struck[kind] = (struck[kind] ?? 0) + 1;
    await strike(kind, { server, database, random });
  }
  desk.mishap = () => "none";
  await load.drain(settleMs);
  await untilQuiet();

  const { counts, faults } = await checkOnce(load, desk, database);
  const verification = await server.admin().verifyLedger();
  const offline = await verifyOffline({ dataDir: server.dataDir });
  const { entries, chains, checkpoints } = offline;
  console.log(JSON.stringify({ seed, kills, struck, ...counts, entries, chains, checkpoints }, undefined, 1));
  expect(faults).toEqual([]);
  expect(server.ownEnds).toEqual([]);
  expect(verification.faults).toEqual([]);
  expect(offline).toMatchObject({ ok: true, faults: [] });
  expect(offline.chains).toBeGreaterThan(1);
  expect(counts["intents unanswered"]).toBe(0);
  expect(counts["effects happened"]).toBeGreaterThan(kills);
});

function drawMishap(roll: number): Mishap {
  if (roll < 0.03) return "refuse";
  if (roll < 0.06) return "lose";
  if (roll < 0.09) return "late";
  return roll < 0.12 ? "slow_answer" : "none";
}

/** Nobody asks any more; what is still running is recovery's. */
async function untilQuiet(): Promise<void> {
  const end = performance.now() + settleMs;
  while (performance.now() < end) {
    const [row] = await database.query<{ open: number }>(
      "select count(*)::int as open from actions where status in ('running', 'waiting')",
    );
    if (row?.open === 0) return;
    await sleep(500);
  }
}
