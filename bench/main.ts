/** Runs the benchmarks and prints each row with its limits and ratios: `npm run bench [names] [--json] [--quick]`. */
import { arch, cpus, loadavg, platform } from "node:os";
import { parseArgs } from "node:util";

import { benchAction, benchRate } from "./actions.ts";
import { benchAgentdojo } from "./agentdojo.ts";
import { benchAirline } from "./airline/airline.ts";
import { type Bench, type Benchmark, type Shop, startShop } from "./bench.ts";
import { buildBundle } from "./build.ts";
import { benchClasses } from "./classes.ts";
import { benchDocuments } from "./documents.ts";
import { benchIngest } from "./ingest.ts";
import { benchMcp } from "./mcp.ts";
import { benchPolicy } from "./policy.ts";
import { benchReadiness } from "./readiness.ts";
import { benchRecall } from "./recall.ts";
import { heading, renderRow, type Row, WrongAnswer } from "./row.ts";
import { benchStart } from "./start.ts";
import { benchStop } from "./stops.ts";

const benchmarks: Readonly<Record<string, Benchmark>> = {
  policy: benchPolicy,
  action: benchAction,
  rate: benchRate,
  mcp: benchMcp,
  readiness: benchReadiness,
  recall: benchRecall,
  classes: benchClasses,
  ingest: benchIngest,
  documents: benchDocuments,
  stop: benchStop,
  start: benchStart,
  agentdojo: benchAgentdojo,
  airline: benchAirline,
};

const usage = `npm run bench -- [names] [--quick] [--json]
  names    ${Object.keys(benchmarks).join(", ")}; all of them when none is given
  --quick  everything once and briefly: fails when something does not work, never because it is slow
  --json   one JSON document instead of the table
`;

async function main(): Promise<void> {
  const options = { quick: { type: "boolean" }, json: { type: "boolean" }, help: { type: "boolean" } } as const;
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const unknown = positionals.find((name) => !Object.hasOwn(benchmarks, name));
  if (values.help === true || unknown !== undefined) {
    process.stdout.write(unknown === undefined ? usage : `there is no benchmark ${unknown}\n${usage}`);
    process.exitCode = unknown === undefined ? 0 : 2;
    return;
  }
  const names = positionals.length > 0 ? positionals : Object.keys(benchmarks);
  const json = values.json === true;
  const rows = await runAll(names, { quick: values.quick === true, say: json ? () => undefined : print });
  if (json) print(JSON.stringify({ schema: "airworthy.bench/1", machine: machine(), rows }, undefined, 2));
}

type Run = { readonly quick: boolean; readonly say: (line: string) => void };
type NamedRow = Row & { readonly name: string };

async function runAll(names: readonly string[], { quick, say }: Run): Promise<readonly NamedRow[]> {
  say(`${machine()}, ${busy()} before${quick ? "; quick: the figures mean little" : ""}\n\n${heading}`);
  const bundle = await buildBundle();
  let shop: Promise<Shop> | undefined;
  const bench: Bench = { quick, bundle, shop: () => (shop ??= startShop(bundle)) };
  const rows: NamedRow[] = [];
  try {
    for (const name of names) {
      // One after the other: they would measure each other.
      const found = await benchmarks[name]?.(bench);
      for (const row of found ?? []) {
        rows.push({ name, ...row });
        say(renderRow(row));
      }
    }
  } catch (error) {
    if (!(error instanceof WrongAnswer)) throw error;
    process.stderr.write(`wrong: ${error.message}\n`);
    process.exitCode = 1;
  } finally {
    await (await shop)?.close();
    bundle.remove();
  }
  return rows;
}

function machine(): string {
  const [first] = cpus();
  return `${cpus().length} x ${first?.model ?? "unknown processor"}, ${platform()} ${arch()}, Node ${process.versions.node}`;
}

/** What else the machine is doing decides much of what is measured, so it is told with the figures. */
const busy = (): string => `load average ${loadavg()[0]?.toFixed(1) ?? "unknown"}`;

const print = (line: string): void => void process.stdout.write(`${line}\n`);

await main();
