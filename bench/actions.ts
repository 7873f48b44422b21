/** Governed actions over HTTP, alone and 64 at once, against the upstream itself and a proxy that governs nothing. */
import { Pool } from "undici";

import type { Bench, Benchmark, Shop } from "./bench.ts";
import { bareCall, governedCall, type Tool } from "./http-calls.ts";
import { bestBy, type Call, type Load, median, runLoad } from "./load.ts";
import { cpuMicros, startPeer } from "./processes.ts";
import type { Row } from "./row.ts";

const together = 64;
const warmUpMs = 1500;

type Cpu = { readonly server: number; readonly database: number };
type Round = { readonly load: Load; readonly cpu?: Cpu };

export const benchAction: Benchmark = async (bench) => {
  const shop = await bench.shop();
  const pass = await startPeer(bench.bundle, "pass", shop.http.url);
  const at = {
    direct: new Pool(shop.http.url, { connections: 16 }),
    pass: new Pool(pass.url, { connections: 16 }),
    product: new Pool(shop.product.url, { connections: 16 }),
  };
  try {
    const calls = {
      direct: bareCall(at.direct),
      pass: bareCall(at.pass),
      write: governedCall(at.product, shop.key, "bank.write"),
      read: governedCall(at.product, shop.key, "bank.read"),
      refund: governedCall(at.product, shop.key, "bank.refund"),
    };
    const rounds = await runRounds(bench, calls);
    const { direct, pass: passed, write, read, refund } = rounds;
    return [
      {
        ...describe("governed write over HTTP, durable, one at a time", write),
        first: 4,
        aim: 2,
        ratios: [
          { to: "the direct call's p50", ratio: p50Of(write) / p50Of(direct) },
          { to: "the p50 through a bare pass-through proxy", ratio: p50Of(write) / p50Of(passed) },
        ],
        notes: [`direct ${ms(p50Of(direct))}, bare proxy ${ms(p50Of(passed))}`],
      },
      {
        ...describe("governed read over HTTP, durable, one at a time", read),
        ratios: [{ to: "the direct call's p50", ratio: p50Of(read) / p50Of(direct) }],
      },
      {
        ...describe("write with a fact looked up, an entity and a budget", refund),
        ratios: [{ to: "the plain write's p50", ratio: p50Of(refund) / p50Of(write) }],
      },
    ];
  } finally {
    await Promise.all(Object.values(at).map((pool) => pool.close()));
    await pass.close();
  }
};

type Kind = "direct" | "pass" | "write" | "read" | "refund";

/** The kinds take turns, so that a neighbour's load falls on all of them. */
async function runRounds(bench: Bench, calls: Readonly<Record<Kind, Call>>): Promise<Record<Kind, Load[]>> {
  const kinds = ["direct", "pass", "write", "read", "refund"] as const;
  const rounds: Record<Kind, Load[]> = { direct: [], pass: [], write: [], read: [], refund: [] };
  // Some at once, so that the server has seen enough calls to have compiled what it runs.
  for (const kind of kinds) await runLoad(calls[kind], { lanes: 16, ms: bench.quick ? 300 : 1500 });
  for (let round = 0; round < (bench.quick ? 1 : 3); round += 1) {
    for (const kind of kinds) {
      rounds[kind].push(await runLoad(calls[kind], { lanes: 1, ms: bench.quick ? 500 : 3000 }));
    }
  }
  return rounds;
}

const p50Of = (rounds: readonly Load[]): number => bestBy(rounds, (load) => load.p50Ms).p50Ms;
const ms = (value: number): string => `${value.toPrecision(3)} ms`;

function describe(what: string, rounds: readonly Load[]): Pick<Row, "what" | "value" | "unit" | "p99Ms" | "median"> {
  const best = bestBy(rounds, (load) => load.p50Ms);
  return { what, value: best.p50Ms, unit: "ms", p99Ms: best.p99Ms, median: median(rounds.map((load) => load.p50Ms)) };
}

export const benchRate: Benchmark = async (bench) => {
  const shop = await bench.shop();
  const pass = await startPeer(bench.bundle, "pass", shop.http.url);
  const pool = new Pool(shop.product.url, { connections: together });
  const bare = new Pool(pass.url, { connections: together });
  try {
    const passed = await runTogether(bench, bareCall(bare));
    const measure = async (tool: Tool): Promise<Round[]> =>
      runTogether(bench, governedCall(pool, shop.key, tool), shop);
    const writes = await measure("bank.write");
    const reads = await measure("bank.read");
    const refunds = await measure("bank.refund");
    const peer = bestRate(passed).load.perSecond;
    const named = `of a bare pass-through proxy's rate (${Math.round(peer)}/s)`;
    const against = (rounds: readonly Round[]) => [{ to: named, ratio: bestRate(rounds).load.perSecond / peer }];
    return [
      {
        ...rateRow(`governed writes a second, ${together} at once, durable`, writes),
        first: 800,
        aim: 3000,
        ratios: against(writes),
      },
      { ...rateRow(`governed reads a second, ${together} at once, durable`, reads), ratios: against(reads) },
      {
        ...rateRow("writes a second with a fact, an entity and one budget for all", refunds),
        ratios: against(refunds),
      },
    ];
  } finally {
    await Promise.all([pool.close(), bare.close()]);
    await pass.close();
  }
};

async function runTogether(bench: Bench, call: Call, shop?: Shop): Promise<Round[]> {
  const lanes = together;
  await runLoad(call, { lanes, ms: bench.quick ? 400 : warmUpMs });
  const rounds: Round[] = [];
  for (let round = 0; round < (bench.quick ? 1 : 2); round += 1) {
    const before = shop && cpuOf(shop);
    const load = await runLoad(call, { lanes, ms: bench.quick ? 700 : 4000 });
    const after = shop && cpuOf(shop);
    const cpu = before && after && cpuEach(before, after, load.calls);
    rounds.push({ load, ...(cpu ? { cpu } : {}) });
  }
  return rounds;
}

function cpuOf({ product }: Shop): Cpu | undefined {
  const server = cpuMicros(product.pid);
  const database = cpuMicros(product.databasePid(), true);
  return server === undefined || database === undefined ? undefined : { server, database };
}

const cpuEach = (before: Cpu, after: Cpu, calls: number): Cpu => ({
  server: (after.server - before.server) / calls,
  database: (after.database - before.database) / calls,
});

const bestRate = (rounds: readonly Round[]): Round => bestBy(rounds, ({ load }) => -load.perSecond);

function rateRow(what: string, rounds: readonly Round[]): Omit<Row, "ratios"> {
  const { load, cpu } = bestRate(rounds);
  const used =
    cpu && `processor time an action: server ${Math.round(cpu.server)} µs, database ${Math.round(cpu.database)} µs`;
  return {
    what,
    value: load.perSecond,
    unit: "/s",
    p99Ms: load.p99Ms,
    median: median(rounds.map((round) => round.load.perSecond)),
    notes: [`p50 ${ms(load.p50Ms)}`, ...(used === undefined ? [] : [used])],
  };
}
