/** Recall is complete and claims nothing more: random histories of 10,000 actions, held to a graph drawn from their own truth. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import type { RecallSelector } from "@airworthy/contract";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { createRecallPlanner } from "../../packages/server/src/controlplane/recall/plan-recall.ts";
import type { RecallPlanner } from "../../packages/server/src/kernel/recall-planner.ts";
import { agentVersion } from "../../packages/server/src/kernel/lineage/agent-version.ts";
import { createRandomStream } from "../../packages/server/src/kernel/stats/random-stream.ts";
import { createLedgerWriter, type LedgerWriter } from "../../packages/server/src/store/ledger-writer.ts";
import { createLineageStore } from "../../packages/server/src/store/lineage-reader.ts";
import { createObservations } from "../../packages/server/src/store/observations.ts";
import { openStore } from "../../packages/server/src/store/open-store.ts";
import { ensureTenantRows } from "../../packages/server/src/store/snapshots.ts";
import { testDatabase } from "../support/database.ts";
import { createHistory, documentOf, type HistoryAction, people, policyCount } from "../support/history.ts";
import { createOracle, type Truth } from "../support/history-oracle.ts";
import {
  agentOf,
  createHistoryWriter,
  modelOf,
  policyDigestOf,
  promptOf,
  snapshot,
  toolOf,
} from "../support/history-writer.ts";
import { databaseUrlOf } from "../support/server.ts";

const actionsEach = 10_000;
const stepSize = 50;
/** Planned of each kind of selector. */
const samples = 2;
const seeds = [1, 2, 3];

const clock = { now: Date.now, monotonicMs: () => performance.now() };
const dataDir = mkdtempSync(path.join(tmpdir(), "airworthy-oracle-"));
let database: Awaited<ReturnType<typeof testDatabase>>;
let store: Awaited<ReturnType<typeof openStore>>;
let writer: LedgerWriter;
let planner: RecallPlanner;

beforeAll(async () => {
  database = await testDatabase();
  store = await openStore({ dataDir, databaseUrl: databaseUrlOf(database.connection), onProgress: () => undefined });
  writer = createLedgerWriter({ db: store.db, clock });
  const observations = createObservations(store.db);
  const lineage = createLineageStore(store.db, (tenant, value) => observations.digest(tenant, value));
  planner = createRecallPlanner({
    lineage,
    clock,
    control: {
      view: () => Promise.resolve({ snapshot, epoch: 1, stops: [], notReady: [], validUntilMonoMs: Infinity }),
    },
    readSnapshot: () => Promise.resolve(snapshot),
  });
});
afterAll(async () => {
  await writer.close();
  await store.close();
  await database.drop();
  rmSync(dataDir, { recursive: true, force: true });
});

const databaseNow = async (): Promise<number> => {
  const [row] = await store.db.query<{ now: number }>({
    text: "select extract(epoch from clock_timestamp())::float8 * 1000 as now",
  });
  return row?.now ?? 0;
};

/** A moment of whole milliseconds that lies after every end that is written, and has passed. */
async function momentAfter(tenant: string): Promise<number> {
  const [row] = await store.db.query<{ last: number | null }>({
    text: "select extract(epoch from max(ended_at))::float8 * 1000 as last from lineage where tenant = $1",
    values: [tenant],
  });
  const moment = Math.ceil(row?.last ?? 0) + 1;
  let now = await databaseNow();
  while (now <= moment) now = await databaseNow();
  return row?.last === null ? Math.floor(now) : moment;
}

async function writeHistory(
  tenant: string,
  seed: number,
  count: number,
): Promise<Truth & { times: readonly number[] }> {
  await ensureTenantRows(store.db, tenant);
  const history = createHistory(seed);
  const scribe = createHistoryWriter({ db: store.db, writer, tenant });
  const actions: HistoryAction[] = [];
  while (actions.length < count) {
    const step = history.nextStep(stepSize, await momentAfter(tenant));
    await scribe.writeStep(step);
    actions.push(...step);
  }
  const rows = await store.db.query<{ action: string; at: number }>({
    text: "select action, extract(epoch from ended_at)::float8 * 1000 as at from lineage where tenant = $1",
    values: [tenant],
  });
  return {
    actions,
    times: history.times,
    endedAt: new Map(rows.map(({ action, at }) => [action, at])),
    versions: {
      agent: (agent, edition) => agentVersion(agentOf(agent, edition)),
      model: modelOf,
      prompt: promptOf,
      tool: (tool) => toolOf(tool).digest,
      policy: policyDigestOf,
    },
  };
}

async function planOf(tenant: string, selector: RecallSelector) {
  const plan = await planner.plan(tenant, {
    selector,
    choices: {},
    expiresInMs: 60_000,
    by: "maria",
  });
  const members = new Set(plan.items.map(({ action }) => action as string));
  const reasons = plan.items.flatMap(({ action, because }) =>
    because
      .filter(({ from }) => members.has(from) && from !== action)
      .map(({ from, match }) => `${action} <- ${from} ${match}`),
  );
  return { plan, members, reasons: new Set(reasons) };
}

/** Of every kind, drawn from what there is; some narrowed to a stretch of time. */
function drawSelectors(
  { actions, times, versions }: Truth & { times: readonly number[] },
  seed: number,
): RecallSelector[] {
  const random = createRandomStream(seed + 1000);
  const pick = <T>(list: readonly T[]): T => {
    const one = list[Math.floor(random() * list.length)];
    if (one === undefined) throw new Error("nothing to pick from");
    return one;
  };
  const moment = (share: number): string => new Date(times[Math.floor(share * (times.length - 1))] ?? 0).toISOString();
  const window = () =>
    random() < 0.5 ? {} : { window: { since: moment(random() / 2), until: moment(0.5 + random() / 2) } };
  const seen = actions.flatMap(({ saw }) => saw);
  const draw: (() => RecallSelector)[] = [
    () => ({ from: "fact", fact: pick(seen).fact, key: pick(seen).key, ...window() }),
    () => {
      const { fact, key, value } = pick(seen);
      return { from: "fact", fact, key, value };
    },
    () => {
      const { fact, key, version } = pick(seen.filter((one) => one.version !== undefined));
      return { from: "fact", fact, key, version };
    },
    () => {
      const { fact, source } = pick(seen);
      return { from: "fact", fact, source, window: { since: moment(0.8), until: moment(0.85) } };
    },
    () => ({ from: "batch", batch: pick(seen.flatMap(({ batch }) => batch ?? [])) }),
    () => {
      const { batch = "", source } = pick(seen.filter((one) => one.batch !== undefined));
      return { from: "batch", batch, source, ...window() };
    },
    () => ({ from: "document", digest: documentOf(Math.floor(random() * 40)), ...window() }),
    () => ({ from: "agent", agent: pick(actions).agent, ...window() }),
    () => {
      const { agent, edition } = pick(actions);
      return { from: "agent", agent, version: versions.agent(agent, edition), ...window() };
    },
    () => ({ from: "model", model: modelOf(Math.floor(random() * 3)), window: { since: moment(0.9) } }),
    () => ({ from: "prompt", digest: promptOf(Math.floor(random() * 3)), window: { until: moment(0.1) } }),
    () => ({ from: "policy", policy: `policy-${Math.floor(random() * policyCount)}`, ...window() }),
    () => {
      const at = Math.floor(random() * policyCount);
      return { from: "policy", policy: `policy-${at}`, version: policyDigestOf(at), window: { since: moment(0.95) } };
    },
    () => ({ from: "tool", tool: pick(actions).tool, window: { since: moment(0.4), until: moment(0.42) } }),
    () => {
      const { tool } = pick(actions);
      return { from: "tool", tool, version: versions.tool(tool), window: { since: moment(0.97) } };
    },
    () => ({ from: "approver", approver: pick(people), ...window() }),
    () => ({ from: "run", run: pick(actions).run }),
    () => {
      const { run, agent } = pick(actions);
      return { from: "run", run, agent };
    },
    () => ({ from: "action", action: pick(actions).id }),
    () => ({ from: "time", since: moment(0.7), until: moment(0.75 + random() / 10) }),
  ];
  return draw.flatMap((one) => Array.from({ length: samples }, one));
}

describe.each(seeds)("a random history of 10,000 actions, seed %i", { timeout: 900_000 }, (seed) => {
  it("is recalled exactly, from whatever it starts", async () => {
    const tenant = `main-${seed}`;
    // Another tenant in which the same names mean other things.
    await writeHistory(`other-${seed}`, seed, actionsEach / 20);
    const truth = await writeHistory(tenant, seed, actionsEach);
    const expected = createOracle(truth);
    const sizes = new Map<string, number[]>();
    for (const selector of drawSelectors(truth, seed)) {
      const { members, reasons } = expected(selector);
      const found = await planOf(tenant, selector);
      const about = JSON.stringify(selector);
      expect({ about, members: [...found.members].toSorted() }).toEqual({ about, members: [...members].toSorted() });
      expect({ about, reasons: [...found.reasons].toSorted() }).toEqual({ about, reasons: [...reasons].toSorted() });
      expectUndoable(found.plan.items);
      sizes.set(selector.from, [...(sizes.get(selector.from) ?? []), members.size]);
    }
    // A test that recalls nothing, or always everything, would prove nothing.
    for (const [from, found] of sizes) {
      expect({ from, some: Math.max(...found) > 0 }).toEqual({ from, some: true });
      expect({ from, notAll: Math.min(...found) < actionsEach / 2 }).toEqual({ from, notAll: true });
    }
  });
});

type Items = Awaited<ReturnType<typeof planOf>>["plan"]["items"];

/** Places from 0 without gaps, and nothing before what relied on it. */
function expectUndoable(items: Items): void {
  const place = new Map(items.map(({ action, reverseOrder }) => [action, reverseOrder]));
  expect([...place.values()].toSorted((a, b) => a - b)).toEqual(items.map((_, at) => at));
  const early = items.flatMap(({ action, because, reverseOrder }) =>
    because.filter(({ from }) => from !== action && (place.get(from) ?? Infinity) < reverseOrder),
  );
  expect(early).toEqual([]);
}
