/** Recalls under fire: the server is killed at random moments, or frozen past its lease, and nothing is taken back twice. */
import path from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import type { Recall, RecallId } from "@airworthy/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createRandom } from "../../examples/company/src/world/random.ts";
import { eventually } from "../support/faults-node.ts";
import {
  createServerProcess,
  databaseOf,
  type DatabaseProcess,
  makePlace,
  type Place,
  type ServerProcess,
  until,
} from "../support/faults-process.ts";
import { recallFiles, type RecallShop, startRecallShop } from "../support/recall-shop.ts";

let place: Place;
let shop: RecallShop;
let server: ServerProcess;
let database: DatabaseProcess;
const keys: Record<string, string> = {};

beforeAll(async () => {
  place = makePlace({
    ...recallFiles,
    "recall.yaml": (recallFiles["recall.yaml"] ?? "").replace("perSecond: 1000", "perSecond: 10"),
  });
  shop = await startRecallShop();
  const dataDir = path.join(place.folder, "data");
  server = await createServerProcess({ place, dataDir, env: { SHOP_URL: shop.upstream.url } });
  database = databaseOf(dataDir);
  server.spawn();
  await server.untilHealthy();
  const admin = server.admin();
  keys["clerk"] = (await admin.createKey({ for: { kind: "agent", name: "clerk" } })).key;
  for (const name of ["otto", "jonas"]) {
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    keys[name] = (await admin.createKey({ for: { kind: "person", name } })).key;
  }
});
afterAll(async () => {
  await server.kill();
  await database.stop();
  await shop.upstream.close();
  place.remove();
});

const as = (name: string) => server.client(keys[name] ?? "");

async function payMany(run: string, count: number): Promise<void> {
  for (let number = 1; number <= count; number++) {
    const proposal = { tool: "shop.pay", arguments: { order: `${run}-${number}`, amountMinor: 100 }, run };
    // oxlint-disable-next-line no-await-in-loop -- the order is what is tested
    expect((await as("clerk").proposeAction(proposal)).status).toBe("done");
  }
}

async function begin(run: string): Promise<RecallId> {
  const plan = await as("otto").planRecall({ selector: { from: "run", run } });
  const { id, approval } = await as("otto").startRecall({ plan });
  await as("jonas").decideApproval({ id: approval, verdict: "approve", reason: "looked at it" });
  return id;
}

async function untilDone(id: RecallId): Promise<Recall | undefined> {
  let recall: Recall | undefined;
  await until(240_000, async () => {
    recall = await as("otto").readRecall({ id });
    return recall.status === "done";
  });
  return recall;
}

const cancellations = () => shop.upstream.writes().filter(({ path: where }) => where.endsWith("/cancellation"));
const paymentsOf = (run: string) => [...shop.payments.values()].filter(({ order }) => order.startsWith(`${run}-`));

describe("a recall whose node is killed again and again", () => {
  it("goes on where it stood, in order, and takes each action back once", async () => {
    const random = createRandom(7);
    await payMany("killed", 24);
    // Slow enough that a kill also meets requests that are under way, before and after their effect.
    shop.interfere = async ({ path: where }) => {
      if (where.endsWith("/cancellation")) await sleep(random.int(0, 80));
      return undefined;
    };
    const id = await begin("killed");
    for (let kill = 0; kill < 6; kill++) {
      const before = cancellations().length;
      // oxlint-disable-next-line no-await-in-loop -- one kill after the other
      await until(60_000, async () => cancellations().length > before + 1 || (await isOver(id)));
      // oxlint-disable-next-line no-await-in-loop -- as above
      await sleep(random.int(0, 120));
      // oxlint-disable-next-line no-await-in-loop -- as above
      await server.kill();
      server.spawn();
      // oxlint-disable-next-line no-await-in-loop -- as above
      await server.untilHealthy();
    }
    expect((await untilDone(id))?.counts).toEqual({ compensated: 24 });
    expect(paymentsOf("killed").map(({ cancelled }) => cancelled)).toEqual(Array.from({ length: 24 }, () => 1));
    // A repeat after a kill carries the key of the first try.
    const keysOf = new Map<string, Set<unknown>>();
    for (const { path: where, headers } of cancellations()) {
      keysOf.set(where, (keysOf.get(where) ?? new Set()).add(headers["idempotency-key"]));
    }
    expect([...keysOf.values()].map((set) => set.size)).toEqual(Array.from({ length: 24 }, () => 1));
    const firsts = [...keysOf.keys()].map((where) => Number(where.split("/")[2]?.slice(4)));
    expect(firsts).toEqual(firsts.toSorted((a, b) => b - a));
    expect((await server.admin().verifyLedger()).faults).toEqual([]);
    const { receipt } = await as("otto").readRecallReceipt({ id });
    expect(receipt.items.every(({ state }) => state === "compensated")).toBe(true);
  });
});

describe("a node that is frozen past its lease while it takes something back", () => {
  it("is taken over by the other, and finds on waking that it may write no more", async () => {
    shop.interfere = () => undefined;
    await payMany("frozen", 5);
    let held = 0;
    let open: () => void = () => undefined;
    const opened = new Promise<void>((resolve) => {
      open = resolve;
    });
    shop.interfere = async ({ path: where }) => {
      if (where.endsWith("/cancellation") && ++held === 2) await opened;
      return undefined;
    };
    const id = await begin("frozen");
    await eventually(() => held >= 2);
    server.freeze();
    const env = { SHOP_URL: shop.upstream.url, DATABASE_URL: database.databaseUrl() };
    const dataDir = path.join(place.folder, "other");
    const other = await createServerProcess({ place, dataDir, env, publish: false });
    other.spawn();
    await other.untilHealthy();
    open();
    const there = other.client(keys["otto"] ?? "");
    await until(120_000, async () => (await there.readRecall({ id })).status === "done");
    server.thaw();
    await server.untilHealthy();
    const recall = await as("otto").readRecall({ id });
    expect(recall).toMatchObject({ status: "done", counts: { compensated: 5 } });
    expect(paymentsOf("frozen").map(({ cancelled }) => cancelled)).toEqual([1, 1, 1, 1, 1]);
    await other.kill();
  });
});

async function isOver(id: RecallId): Promise<boolean> {
  return (await as("otto").readRecall({ id })).status === "done";
}
