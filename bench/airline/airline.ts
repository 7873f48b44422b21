/** Replays recorded runs of an airline's agent through the MCP gateway, under policies written from the airline's own: what is held. */
import path from "node:path";

import { createClient } from "@airworthy/sdk";

import type { Benchmark } from "../bench.ts";
import { startProduct, temporaryFolder, writeConfig } from "../processes.ts";
import type { Row } from "../row.ts";
import { configureAirline } from "./airline-config.ts";
import { readAirlineData } from "./airline-data.ts";
import { startAirline } from "./airline-server.ts";
import { createCaller } from "./call-as-agent.ts";
import { labelsOf } from "./labels.ts";
import { type ReplayedRun, replayRun } from "./replay.ts";
import { rowOfLabels, rowsOfRules, rowsOfRuns } from "./tally.ts";

const folder = process.env["AIRLINE_DATA"] ?? path.join(import.meta.dirname, "../../../shared/data/tau-bench/airline");

export const benchAirline: Benchmark = async ({ bundle, quick }) => {
  const data = readAirlineData(folder);
  if (data === undefined) {
    process.stderr.write(`airline: skipped, there is no ${folder}\n`);
    return [];
  }
  const runs = quick ? data.runs.slice(0, 8) : data.runs;
  const agents = runs.map(({ task, trial }) => `run-${task}-${trial}`);
  const airline = await startAirline(data.start);
  const temporary = temporaryFolder();
  const product = await startProduct(bundle, {
    dataDir: path.join(temporary.path, "data"),
    configDir: writeConfig(temporary.path, configureAirline(agents, true)),
    env: { AIRLINE_URL: airline.url },
  });
  try {
    const { admin, url } = product;
    const supervisor = await admin.createKey({ for: { kind: "person", name: "supervisor" } });
    const reviewer = createClient({ baseUrl: url, key: supervisor.key });
    const replayed: ReplayedRun[] = [];
    for (const [at, run] of runs.entries()) {
      // One after the other: the airline has one state.
      const { key } = await admin.createKey({ for: { kind: "agent", name: agents[at] ?? "" } });
      const call = createCaller({ url, key, reviewer });
      replayed.push(await replayRun(run, labelsOf(run, data), { airline, start: data.start, call }));
    }
    return describe(replayed);
  } finally {
    await product.close();
    await airline.close();
    temporary.remove();
  }
};

function describe(replayed: readonly ReplayedRun[]): Row[] {
  const corrected = replayed.filter(({ labels }) => labels.from === "corrected");
  return [
    ...rowsOfRuns("airline, corrected labels", corrected),
    ...(corrected.length === replayed.length ? [] : rowsOfRuns("airline, all labels", replayed)),
    ...rowsOfRules(replayed),
    rowOfLabels(replayed),
    ...rowsOfReplay(replayed),
  ];
}

/** Whether the airline here is the recorded one, and whether what only reads goes through. */
function rowsOfReplay(replayed: readonly ReplayedRun[]): Row[] {
  const sum = (of: "same" | "cabin" | "other"): number =>
    replayed.reduce((total, { answers }) => total + answers[of], 0);
  const notes = [`${sum("same")} are; ${sum("cabin")} but for the cabin, which the recorded airline forgot to change`];
  const held = replayed.flatMap(({ heldReads }) => heldReads);
  return [
    { what: "airline: answers that are not the recorded ones", value: sum("other"), unit: "wrong", ratios: [], notes },
    { what: "airline: reads that did not pass", value: held.length, unit: "wrong", ratios: [], details: held },
  ];
}
