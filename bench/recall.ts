/** Measures recall among a million actions: finding what relied on one fact, and a plan of ten thousand actions. */
import { performance } from "node:perf_hooks";

import type { ActionId, RecallSelector } from "@airworthy/contract";

import { createRecallPlanner } from "../packages/server/src/controlplane/recall/plan-recall.ts";
import { newId } from "../packages/server/src/kernel/ids.ts";
import { handleOf } from "../packages/server/src/kernel/lineage/handle.ts";
import type { LineageEntry, Sight } from "../packages/server/src/kernel/lineage/lineage-entry.ts";
import { shortDigest } from "../packages/server/src/kernel/lineage/short-digest.ts";
import type { RecallPlanner } from "../packages/server/src/kernel/recall-planner.ts";
import { createRandomStream } from "../packages/server/src/kernel/stats/random-stream.ts";
import type { Database } from "../packages/server/src/store/database.ts";
import { createLineageStore } from "../packages/server/src/store/lineage-reader.ts";
import { insertLineage } from "../packages/server/src/store/lineage-rows.ts";
import { createObservations } from "../packages/server/src/store/observations.ts";
import { openStore } from "../packages/server/src/store/open-store.ts";
import { ensureTenantRows } from "../packages/server/src/store/snapshots.ts";
import { agentOf, snapshot, toolOf } from "../tests/support/history-writer.ts";
import type { Benchmark } from "./bench.ts";
import { temporaryFolder } from "./processes.ts";
import { type Row, WrongAnswer } from "./row.ts";

const tenant = "main";
const fact = "bench.status";
const batch = 2000;
const layers = 20;

/** `chain`: how many actions rely on each other, layer by layer, from the run that is recalled. */
type Size = { readonly actions: number; readonly chain: number; readonly keys: number; readonly lookUps: number };

export const benchRecall: Benchmark = async ({ quick }) => {
  const size: Size = quick
    ? { actions: 20_000, chain: 1000, keys: 4000, lookUps: 20 }
    : { actions: 1_000_000, chain: 10_000, keys: 200_000, lookUps: 200 };
  const folder = temporaryFolder();
  const store = await openStore({ dataDir: folder.path, databaseUrl: undefined, onProgress: () => undefined });
  try {
    const { db } = store;
    await ensureTenantRows(db, tenant);
    const observations = createObservations(db);
    const digest = (value: string[] | string): Promise<string> => observations.digest(tenant, value);
    const building = performance.now();
    await build(db, size, digest);
    const builtMs = performance.now() - building;
    const planner = createRecallPlanner({
      lineage: createLineageStore(db, (of, value) => observations.digest(of, value)),
      clock: { now: Date.now, monotonicMs: () => performance.now() },
      control: {
        view: () => Promise.resolve({ snapshot, epoch: 1, stops: [], notReady: [], validUntilMonoMs: Infinity }),
      },
      readSnapshot: () => Promise.resolve(snapshot),
    });
    const random = createRandomStream(3);
    const keyed = await times(size.lookUps, planner, () => {
      const key = `key-${Math.floor(random() * size.keys)}`;
      return { from: "fact", fact, key };
    });
    const planned = await times(5, planner, () => ({ from: "run", run: "bad" }));
    if (planned.sizes.some((items) => items !== size.chain)) {
      throw new WrongAnswer(`a plan of ${size.chain} actions has ${planned.sizes.join(", ")}`);
    }
    const notes = [`built in ${Math.round(builtMs / 1000)} s: ${size.actions.toLocaleString("en-GB")} actions`];
    const found = keyed.sizes.reduce((sum, one) => sum + one, 0) / keyed.sizes.length;
    return [
      row(`what relied on a fact, among ${text(size.actions)} actions`, keyed.ms, {
        first: 50,
        aim: 5,
        notes: [...notes, `${found.toFixed(1)} actions found each time`],
      }),
      row(`a plan of ${text(size.chain)} actions among ${text(size.actions)}`, planned.ms, { first: 2000, notes: [] }),
    ];
  } finally {
    await store.close();
    folder.remove();
  }
};

const text = (count: number): string => count.toLocaleString("en-GB");

function row(what: string, ms: readonly number[], limits: Pick<Row, "first" | "aim" | "notes">): Row {
  const sorted = ms.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  const { first = 0 } = limits;
  return {
    what,
    value: at(0.5),
    unit: "ms",
    p99Ms: at(0.99),
    ...limits,
    ratios: [{ to: "the limit", ratio: at(0.5) / first }],
  };
}

async function times(count: number, planner: RecallPlanner, selector: () => RecallSelector) {
  const ms: number[] = [];
  const sizes: number[] = [];
  for (let at = 0; at < count; at += 1) {
    const began = performance.now();
    const plan = await planner.plan(tenant, {
      selector: selector(),
      choices: {},
      expiresInMs: 60_000,
      by: "bench",
    });
    ms.push(performance.now() - began);
    sizes.push(plan.items.length);
  }
  return { ms, sizes };
}

type Digest = (value: string[] | string) => Promise<string>;
type Made = LineageEntry & { readonly run: string };

/**
 * Every second action is a read of one fact of one key; every other one a write that cites one of the reads just before
 * it. Spread among them, in layers, is the chain: each of its actions cites one of the layer before.
 */
async function build(db: Database, size: Size, digest: Digest): Promise<void> {
  const random = createRandomStream(11);
  const pick = <T>(list: readonly T[]): T | undefined => list[Math.floor(random() * list.length)];
  const every = Math.floor(size.actions / size.chain);
  const chain = createChain(size, pick);
  const reads: { readonly action: ActionId; readonly sight: Sight }[] = [];
  for (let from = 0; from < size.actions; from += batch) {
    const made: Made[] = [];
    for (let at = from; at < Math.min(from + batch, size.actions); at += 1) {
      const link = at % every === 0 ? chain(at) : undefined;
      if (link) made.push(link);
      else if (at % 2 === 0) {
        const one = await read(at, `key-${Math.floor(random() * size.keys)}`, digest);
        made.push(one);
        const [sight] = one.saw;
        if (sight) reads.push({ action: one.action, sight });
        if (reads.length > 50) reads.shift();
      } else {
        const cited = pick(reads);
        made.push(write(at, { run: `run-${Math.floor(at / 10)}`, cites: cited?.action, sight: cited?.sight }));
      }
    }
    await insert(db, made);
  }
  for (const table of ["actions", "effects", "lineage", "lineage_sights"]) {
    await db.query({ text: `analyze ${table}`, answerWithinMs: 600_000 });
  }
}

/** Makes the next action of the chain; undefined once the chain has its length. */
function createChain(size: Size, pick: <T>(list: readonly T[]) => T | undefined): (at: number) => Made | undefined {
  const perLayer = size.chain / layers;
  let before: ActionId[] = [];
  let layer: ActionId[] = [];
  let chained = 0;
  return (at) => {
    if (chained >= size.chain) return undefined;
    const one = write(at, { run: chained < perLayer ? "bad" : `run-${at}`, cites: pick(before), sight: undefined });
    layer.push(one.action);
    chained += 1;
    if (layer.length === perLayer) [before, layer] = [layer, []];
    return one;
  };
}

/** As `describeLineage` makes them: who, under what, in which run, on what. */
function handles(at: number, tool: string, more: readonly (readonly ["run" | "cites", string])[]): string[] {
  const agent = agentOf(`agent-${at % 50}`, 0);
  const common = [
    ["agent", agent.name],
    ["agent-version", `version of ${agent.name}`],
    ["model", "maker/model-a-1"],
    ["prompt", agent.prompt?.digest ?? ""],
    ["tool", tool],
    ["tool-version", toolOf(tool).digest],
    ["policy", `policy-${at % 30}`],
    ["policy-version", `digest of ${at % 30}`],
    ...more,
  ] as const;
  return common.map(([kind, name]) => handleOf(tenant, kind, name));
}

async function read(at: number, key: string, digest: Digest): Promise<Made> {
  const [action, id, tool] = [newId("act"), newId("obs"), "h.get"];
  const cited = shortDigest(await digest([fact, key]));
  const sight: Sight = {
    id,
    action,
    fact,
    key,
    cited,
    valueDigest: String(at % 3),
    source: tool,
    version: String(at),
    fetchedAt: Date.now(),
    path: "$.status",
    rests: false,
  };
  const run = `run-${Math.floor(at / 10)}`;
  const own = handles(at, tool, [["run", run]]);
  return { action, agent: `agent-${at % 50}`, tool, cites: [], saw: [sight], wrote: [], handles: own, run };
}

type Wish = { readonly run: string; readonly cites: ActionId | undefined; readonly sight: Sight | undefined };

function write(at: number, { run, cites: from, sight }: Wish): Made {
  const [action, tool] = [newId("act"), "h.set"];
  const more = [["run", run] as const, ...(from ? [["cites", from] as const] : [])];
  const via = sight?.id ?? newId("obs");
  const about = sight ? { fact, key: sight.key } : {};
  const cites = from ? [{ from, match: "fact" as const, via, ...about }] : [];
  return { action, agent: `agent-${at % 50}`, tool, cites, saw: [], wrote: [], handles: handles(at, tool, more), run };
}

/** Lineage as the product writes it; working rows as it leaves them, in bulk. */
async function insert(db: Database, made: readonly Made[]): Promise<void> {
  const column = <T>(of: (one: Made) => T): T[] => made.map(of);
  const record = JSON.stringify({ facts: [], lineage: [], amount: { minor: 1000, currency: "EUR" } });
  await db.transaction(async (tx) => {
    await tx.query({
      text: `insert into actions (tenant, id, agent, tool, status, call_digest, arguments, arguments_digest, run, walk_until, record)
             select $1, id, agent, tool, 'done', id, '{"id":"a"}', id, run, clock_timestamp(), $6
             from unnest($2::text[], $3::text[], $4::text[], $5::text[]) as r(id, agent, tool, run)`,
      values: [
        tenant,
        column((m) => m.action),
        column((m) => m.agent),
        column((m) => m.tool),
        column((m) => m.run),
        record,
      ],
    });
    await tx.query({
      text: `insert into effects (tenant, action, tool, connector, permit, state, idempotency_key, snapshot_version, ended_at)
             select $1, id, tool, 'h', id, 'done', id, 1, clock_timestamp() from unnest($2::text[], $3::text[]) as r(id, tool)`,
      values: [tenant, column((m) => m.action), column((m) => m.tool)],
    });
    insertLineage(tx, tenant, made);
  });
}
