/** The kill switch under load: how soon every node refuses after a stop was acknowledged, and whether anything slips past it. */
import { setTimeout as sleep } from "node:timers/promises";

import { launchDatabase } from "@airworthy/server";
import pg from "pg";
import { Pool } from "undici";

import type { Benchmark } from "./bench.ts";
import type { Bundle } from "./build.ts";
import { bankConfig } from "./configs.ts";
import { type Answered, createProposer } from "./http-calls.ts";
import { median, percentile } from "./load.ts";
import { type Product, startPeer, startProduct, temporaryFolder, writeConfig } from "./processes.ts";
import { WrongAnswer } from "./row.ts";

const nodeCount = 4;
const lanesEach = 2;
const limitMs = 250;
const patienceMs = 10_000;

/** One answer that a node gave: times in epoch ms of this machine, which the database's clock shares. */
type Seen = { readonly node: number; readonly sentAt: number; readonly heardAt: number; readonly status: string };
type Round = {
  readonly stopMs: number;
  /** From the stop's answer until the node that set it, and until the last of all nodes, has refused. */
  readonly sameMs: number;
  readonly allMs: number;
  readonly wrongSame: number;
  readonly wrongAll: number;
  readonly refused: number;
};

export const benchStop: Benchmark = async ({ bundle, quick }) => {
  const cluster = await startCluster(bundle);
  try {
    const rounds: Round[] = [];
    for (let round = 0; round < (quick ? 3 : 20); round += 1) rounds.push(await playRound(cluster));
    const sum = (of: (round: Round) => number): number => rounds.reduce((all, round) => all + of(round), 0);
    const sorted = (of: (round: Round) => number): number[] => rounds.map(of).toSorted((a, b) => a - b);
    const same = sorted((round) => round.sameMs);
    const all = sorted((round) => round.allMs);
    const setting = median(rounds.map((round) => round.stopMs));
    const of = `${rounds.length} stops under load, ${sum((round) => round.refused)} calls refused after them`;
    const [wrongSame, wrongAll] = [sum((round) => round.wrongSame), sum((round) => round.wrongAll)];
    if (wrongSame + wrongAll > 0) {
      throw new WrongAnswer(`after a stop was acknowledged ${wrongSame} later calls were done, ${wrongAll} redeemed`);
    }
    return [
      {
        what: "kill switch, same node: later calls that were done",
        value: wrongSame,
        unit: "wrong",
        first: 0,
        aim: 0,
        ratios: [
          { to: `of the limit of ${limitMs} ms (p99 until it refused)`, ratio: percentile(same, 0.99) / limitMs },
        ],
        notes: [of, `setting a stop takes ${setting.toPrecision(3)} ms (median)`],
      },
      {
        what: `kill switch, all of ${nodeCount} nodes: p99 until the last refused`,
        value: percentile(all, 0.99),
        unit: "ms",
        median: median(all),
        first: limitMs,
        aim: 50,
        ratios: [{ to: `of the limit of ${limitMs} ms`, ratio: percentile(all, 0.99) / limitMs }],
        notes: [`${wrongAll} actions of any node redeemed after the stop was acknowledged (by the effects' own times)`],
      },
    ];
  } finally {
    await cluster.close();
  }
};

type Cluster = {
  readonly nodes: readonly Product[];
  readonly proposers: readonly (() => Promise<Answered>)[];
  readonly db: pg.Client;
  readonly close: () => Promise<void>;
};

/** Four server processes on one database, which is ours so that no node is special. */
async function startCluster(bundle: Bundle): Promise<Cluster> {
  const folder = temporaryFolder();
  const database = await launchDatabase({ folder: folder.path });
  const http = await startPeer(bundle, "http");
  const db = new pg.Client({ ...database.connection, ssl: false });
  await db.connect();
  const { user, host, port, database: name } = database.connection;
  const env = {
    BENCH_HTTP_URL: http.url,
    DATABASE_URL: `postgres://${user}@/${name}?host=${encodeURIComponent(host)}&port=${port}`,
  };
  const configDir = writeConfig(folder.path, bankConfig);
  const first = await startProduct(bundle, { dataDir: `${folder.path}/node-1`, configDir, env });
  const others = await Promise.all(
    Array.from({ length: nodeCount - 1 }, (_, index) =>
      startProduct(bundle, { dataDir: `${folder.path}/node-${index + 2}`, env }),
    ),
  );
  const nodes = [first, ...others];
  const key = await first.agentKey();
  const pools = nodes.map((node) => new Pool(node.url, { connections: lanesEach }));
  return {
    nodes,
    proposers: pools.map((pool) => {
      const propose = createProposer(pool, key);
      return () => propose("bank.write");
    }),
    db,
    close: async () => {
      await Promise.all(pools.map((pool) => pool.close()));
      await Promise.all(nodes.map((node) => node.close()));
      await Promise.all([http.close(), db.end()]);
      await database.stop({ adopted: true });
      folder.remove();
    },
  };
}

async function playRound({ nodes, proposers, db }: Cluster): Promise<Round> {
  const seen: Seen[] = [];
  const load = { over: false };
  const lane = async (node: number, propose: () => Promise<Answered>): Promise<void> => {
    while (!load.over) {
      const sentAt = now();
      // oxlint-disable-next-line no-await-in-loop -- a caller makes one call at a time
      const { status } = await propose();
      seen.push({ node, sentAt, heardAt: now(), status });
    }
  };
  const lanes = proposers.flatMap((propose, node) => Array.from({ length: lanesEach }, () => lane(node, propose)));
  const setting = Math.floor(Math.random() * nodes.length);
  try {
    await until("every node works", () => heardFrom(seen, (one) => one.status === "done").size === nodes.length);
    await sleep(50 + Math.random() * 100);
    const admin = nodes[setting]?.admin;
    if (!admin) throw new Error("there is no such node");
    const askedAt = now();
    const stop = await admin.createStop({ scope: { kind: "all" }, mode: "deny_all", reason: "bench" });
    const stoppedAt = now();
    const refusedBy = () => heardFrom(seen, (one) => one.status === "refused" && one.heardAt >= askedAt);
    await until("every node refuses", () => refusedBy().size === nodes.length);
    await sleep(100);
    const liftedAt = now();
    await admin.liftStop({ id: stop.id, reason: "next round" });
    load.over = true;
    await Promise.all(lanes);
    const after = seen.filter((one) => one.sentAt > stoppedAt && one.heardAt < liftedAt);
    const first = refusedBy();
    const since = (heardAt: number | undefined): number => Math.max(0, (heardAt ?? Infinity) - stoppedAt);
    return {
      stopMs: stoppedAt - askedAt,
      sameMs: since(first.get(setting)),
      allMs: Math.max(...[...first.values()].map(since)),
      wrongSame: after.filter((one) => one.node === setting && one.status === "done").length,
      wrongAll: await startedBetween(db, stoppedAt, liftedAt),
      refused: after.filter((one) => one.status === "refused").length,
    };
  } finally {
    load.over = true;
    await Promise.allSettled(lanes);
  }
}

/** For each node, when the first such answer was heard. */
function heardFrom(seen: readonly Seen[], wanted: (one: Seen) => boolean): Map<number, number> {
  const first = new Map<number, number>();
  for (const one of seen) if (wanted(one) && !first.has(one.node)) first.set(one.node, one.heardAt);
  return first;
}

/** Counted from the rows themselves, by the time the database gave each effect as it began. */
async function startedBetween(db: pg.Client, from: number, to: number): Promise<number> {
  const { rows } = await db.query<{ started: number }>(
    `select count(*)::int as started from effects
     where started_at > to_timestamp($1::float8 / 1000) and started_at < to_timestamp($2::float8 / 1000)`,
    [from, to],
  );
  return rows[0]?.started ?? 0;
}

async function until(what: string, holds: () => boolean): Promise<void> {
  for (const end = now() + patienceMs; !holds();) {
    if (now() > end) throw new WrongAnswer(`waited ${patienceMs} ms in vain until ${what}`);
    // oxlint-disable-next-line no-await-in-loop -- this is waiting
    await sleep(1);
  }
}

/** The wall clock, which the database shares; whole milliseconds, so that "after" is never said too late. */
const now = (): number => Date.now();
