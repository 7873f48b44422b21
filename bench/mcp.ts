/** What MCP calls cost: directly, through the whole governed product, through our wire alone, through a proxy of the official SDK. */
import { Pool } from "undici";

import type { Benchmark } from "./bench.ts";
import { bestBy, type Call, type Load, median, runLoad } from "./load.ts";
import { echo, info, look, revision } from "./mcp-tools.ts";
import { cpuMicros, startPeer } from "./processes.ts";
import { type Row, WrongAnswer } from "./row.ts";

const atOnce = 32;
type Measured = { readonly alone: Load; readonly together: Load; readonly cpuMicros: number | undefined };
type Target = { readonly url: string; readonly pid: number; readonly tool: string; readonly key?: string };

export const benchMcp: Benchmark = async (bench) => {
  const shop = await bench.shop();
  const upstream = `${shop.echo.url}/mcp`;
  const proxies = await Promise.all([
    startPeer(bench.bundle, "thin", upstream),
    startPeer(bench.bundle, "sdk", upstream),
  ]);
  const [thin, sdk] = proxies;
  const governed = { url: shop.product.url, pid: shop.product.pid, key: shop.key };
  const targets: Readonly<Record<Name, Target>> = {
    direct: { ...shop.echo, tool: echo.name },
    thin: { ...thin, tool: echo.name },
    sdk: { ...sdk, tool: echo.name },
    write: { ...governed, tool: echo.name },
    read: { ...governed, tool: look.name },
  };
  try {
    const rounds: Record<Name, Measured>[] = [];
    for (let round = 0; round < (bench.quick ? 1 : 2); round += 1) rounds.push(await measureAll(targets, bench.quick));
    return describe(rounds);
  } finally {
    await Promise.all(proxies.map((proxy) => proxy.close()));
  }
};

type Name = "direct" | "thin" | "sdk" | "write" | "read";

async function measureAll(targets: Readonly<Record<Name, Target>>, quick: boolean): Promise<Record<Name, Measured>> {
  return {
    direct: await measure(targets.direct, quick),
    thin: await measure(targets.thin, quick),
    sdk: await measure(targets.sdk, quick),
    write: await measure(targets.write, quick),
    read: await measure(targets.read, quick),
  };
}

async function measure(target: Target, quick: boolean): Promise<Measured> {
  const pool = new Pool(new URL(target.url).origin, { connections: atOnce });
  const call = mcpCall(pool, target);
  await runLoad(call, { lanes: atOnce, ms: quick ? 300 : 1000 });
  const before = cpuMicros(target.pid);
  const together = await runLoad(call, { lanes: atOnce, ms: quick ? 500 : 1500 });
  const after = cpuMicros(target.pid);
  await runLoad(call, { lanes: 1, ms: 100 });
  const alone = await runLoad(call, { lanes: 1, ms: quick ? 500 : 1500 });
  await pool.close();
  const cpu = before === undefined || after === undefined ? undefined : (after - before) / together.calls;
  return { alone, together, cpuMicros: cpu };
}

const serial = { next: 0 };

function mcpCall(pool: Pool, { tool, key }: Target): Call {
  const meta = {
    "io.modelcontextprotocol/protocolVersion": revision,
    "io.modelcontextprotocol/clientCapabilities": {},
    "io.modelcontextprotocol/clientInfo": info,
  };
  const headers = {
    "content-type": "application/json",
    accept: "application/json, text/event-stream",
    "mcp-protocol-version": revision,
    "mcp-method": "tools/call",
    "mcp-name": tool,
    ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
  };
  return async () => {
    const text = `hello ${process.pid} ${(serial.next += 1)} ${"hello ".repeat(18)}`;
    const params = { name: tool, arguments: { text }, _meta: meta };
    const body = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/call", params });
    const answer = await pool.request({ path: "/mcp", method: "POST", headers, body });
    const words = await answer.body.text();
    if (answer.statusCode !== 200 || !words.includes(text)) throw new WrongAnswer(`${tool} answered ${words}`);
  };
}

function describe(rounds: readonly Record<Name, Measured>[]): readonly Row[] {
  const p50 = (name: Name): number => bestBy(rounds, (round) => round[name].alone.p50Ms)[name].alone.p50Ms;
  const best = (name: Name): Measured => bestBy(rounds, (round) => -round[name].together.perSecond)[name];
  const rate = (name: Name): number => best(name).together.perSecond;
  const added = (name: Name): number => p50(name) - p50("direct");
  const addedOf = (name: Name, round: Record<Name, Measured>): number =>
    round[name].alone.p50Ms - round.direct.alone.p50Ms;
  const row = (what: string, name: Name): Row => ({
    what,
    value: added(name),
    unit: "ms",
    p99Ms: bestBy(rounds, (round) => round[name].alone.p50Ms)[name].alone.p99Ms - p50("direct"),
    median: median(rounds.map((round) => addedOf(name, round))),
    ratios: [
      { to: "what a proxy of the official SDK adds, governing nothing", ratio: added(name) / added("sdk") },
      { to: `its calls a second, ${atOnce} at once`, ratio: rate(name) / rate("sdk") },
    ],
    notes: [`${Math.round(rate(name))}/s with ${atOnce} at once${cpuNote(best(name))}`],
  });
  return [
    { ...row("MCP gateway, governed write: added to the direct call", "write"), first: 3, aim: 1.5 },
    { ...row("MCP gateway, governed read: added to the direct call", "read"), first: 3, aim: 1.5 },
    {
      ...row("MCP wire alone (door and upstream, nothing governed)", "thin"),
      notes: [
        `${Math.round(rate("thin"))}/s${cpuNote(best("thin"))}; SDK proxy adds ${added("sdk").toPrecision(3)} ms, ` +
          `${Math.round(rate("sdk"))}/s${cpuNote(best("sdk"))}; direct p50 ${p50("direct").toPrecision(2)} ms`,
      ],
    },
  ];
}

const cpuNote = ({ cpuMicros: cpu }: Measured): string =>
  cpu === undefined ? "" : `, ${Math.round(cpu)} µs of the process a call`;
