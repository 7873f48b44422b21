/** Runs the official MCP conformance suite against the fixture directly and through the gateway, and compares check by check. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { startFixtureServer } from "./fixture-server.ts";
import { startGatewayInFront } from "./gateway.ts";

const revision = "2026-07-28";
const suite = "@modelcontextprotocol/conformance@0.2.0-alpha.12";
/** The suite does not start on the Node that the product supports at the least. */
const runtime = "node@24.21.0";
const fewestPassed = 100;
const run = promisify(execFile);

type Check = { readonly id: string; readonly name: string; readonly status: string; readonly errorMessage?: string };
/** Checks by scenario and place, so that equal names within one scenario stay apart. */
type Results = ReadonlyMap<string, Check>;

async function install(): Promise<{ node: string; suite: string }> {
  const folder = path.join(tmpdir(), "airworthy-conformance-0.2.0-alpha.12");
  const node = path.join(folder, "node_modules", "node", "bin", "node");
  const entry = path.join(folder, "node_modules", "@modelcontextprotocol", "conformance", "dist", "index.js");
  if (!existsSync(node) || !existsSync(entry)) {
    await mkdir(folder, { recursive: true });
    await run("npm", ["install", "--prefix", folder, "--no-audit", "--no-fund", suite, runtime], { cwd: folder });
  }
  return { node, suite: entry };
}

async function readResults(folder: string): Promise<Results> {
  const results = new Map<string, Check>();
  for (const entry of (await readdir(folder)).toSorted()) {
    const scenario = entry.replace(/^server-/, "").replace(/-\d{4}-\d{2}-\d{2}T.*$/, "");
    const checks = JSON.parse(await readFile(path.join(folder, entry, "checks.json"), "utf8")) as Check[];
    for (const [place, check] of checks.entries()) results.set(`${scenario} #${place} ${check.id}`, check);
  }
  return results;
}

async function runSuite(tools: { node: string; suite: string }, url: string): Promise<Results> {
  const folder = await mkdtemp(path.join(tmpdir(), "airworthy-conformance-results-"));
  const args = [tools.suite, "server", "--url", url, "--requirements", revision, "--output-dir", folder];
  try {
    // It exits 1 when any check fails; what counts here is what it wrote.
    await run(tools.node, args, { cwd: folder, maxBuffer: 64 * 1024 * 1024 }).catch(() => undefined);
    return await readResults(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function describeDifference(key: string, one: Check | undefined, other: Check | undefined): string {
  const why = other?.errorMessage ?? one?.errorMessage ?? "";
  return `${key}: ${one?.status ?? "absent"} directly, ${other?.status ?? "absent"} through us ${why}`.trim();
}

function compare(direct: Results, through: Results): { differences: string[]; tally: Map<string, number> } {
  const differences: string[] = [];
  const tally = new Map<string, number>();
  for (const key of new Set([...direct.keys(), ...through.keys()])) {
    const [one, other] = [direct.get(key), through.get(key)];
    if (one && one.status === other?.status) tally.set(one.status, (tally.get(one.status) ?? 0) + 1);
    else differences.push(describeDifference(key, one, other));
  }
  return { differences, tally };
}

function printTable(direct: Results, through: Results): void {
  const scenarios = new Map<string, [number, number, number]>();
  for (const [column, results] of [direct, through].entries()) {
    for (const [key, check] of results) {
      const scenario = key.split(" ")[0] ?? key;
      const row = scenarios.get(scenario) ?? [0, 0, 0];
      if (check.status === "SUCCESS") row[column === 0 ? 0 : 1] += 1;
      if (column === 0) row[2] += 1;
      scenarios.set(scenario, row);
    }
  }
  console.log(`${"scenario".padEnd(50)} direct  gateway  checks`);
  for (const [scenario, [one, other, all]] of scenarios) {
    console.log(
      `${scenario.padEnd(50)} ${String(one).padStart(6)}  ${String(other).padStart(7)}  ${String(all).padStart(6)}`,
    );
  }
}

async function main(): Promise<number> {
  const tools = await install();
  const fixture = await startFixtureServer();
  const gateway = await startGatewayInFront(fixture.url);
  try {
    const direct = await runSuite(tools, fixture.url);
    const through = await runSuite(tools, gateway.url);
    printTable(direct, through);
    const { differences, tally } = compare(direct, through);
    for (const difference of differences) console.log(`DIFFERS ${difference}`);
    for (const [key, check] of direct) {
      if (check.status === "FAILURE" && process.argv.includes("--verbose"))
        console.log(`FAILS ${key}: ${check.errorMessage}`);
    }
    const passed = tally.get("SUCCESS") ?? 0;
    const alike = [...tally].map(([status, count]) => `${count} ${status.toLowerCase()}`).join(", ");
    console.log(`alike on both sides: ${alike} (failures alike are those of the optional tasks extension)`);
    if (passed < fewestPassed) console.log(`too few checks passed: ${passed}, at least ${fewestPassed} are expected`);
    console.log(`${passed} passed, ${differences.length} failed`);
    return differences.length === 0 && passed >= fewestPassed ? 0 : 1;
  } finally {
    await gateway.close();
    await fixture.close();
  }
}

process.exitCode = await main();
