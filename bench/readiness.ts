/** Measures reading a million records of a source: profiled, and held to a contract, against the CSV library alone. */
import { createReadStream, createWriteStream, rmSync } from "node:fs";
import { performance } from "node:perf_hooks";

import { parse } from "csv-parse";

import { checkSource } from "../packages/server/src/controlplane/readiness/check-source.ts";
import { profileSource } from "../packages/server/src/controlplane/readiness/describe-source.ts";
import { findContract } from "../packages/server/src/controlplane/readiness/find-contract.ts";
import { createRandomStream } from "../packages/server/src/kernel/stats/random-stream.ts";
import type { Benchmark } from "./bench.ts";
import { temporaryFolder } from "./processes.ts";
import { type Row, WrongAnswer } from "./row.ts";

const million = 1_000_000;

export const benchReadiness: Benchmark = async ({ quick }) => {
  const records = quick ? 20_000 : million;
  const folder = temporaryFolder();
  const at = (name: string): string => `${folder.path}/${name}`;
  try {
    await writeRecords(at("million.csv"), records);
    await writeRecords(at("pilot.csv"), 5_000);
    const alone = await time(() => countRows(at("million.csv")));
    const learned = await profileSource(at("pilot.csv"), { learn: { name: "bench" } });
    await writeText(at("contract.yaml"), learned.contract?.text ?? "");
    const contract = await findContract("contract.yaml", folder.path, folder.path);

    const profiled = await time(() => profileSource(at("million.csv")));
    if (profiled.answer.profile.records !== records) throw new WrongAnswer("not every record was profiled");
    const quarantine = at("quarantine.jsonl");
    const checked = await time(() => checkSource(at("million.csv"), { contract, quarantine }));
    rmSync(quarantine, { force: true });
    if (checked.answer.records !== records) throw new WrongAnswer("not every record was checked");

    const row = (what: string, run: { ms: number; mostMiB: number; grownMiB: number }): Row => ({
      what: `${what}, ${records.toLocaleString("en-GB")} records of 8 fields`,
      value: (records / run.ms) * 1000,
      unit: "/s",
      ratios: [{ to: "the rate of csv-parse alone", ratio: alone.ms / run.ms }],
      notes: [`at most ${Math.round(run.mostMiB)} MiB resident, ${Math.round(run.grownMiB)} more than before`],
    });
    return [row("sources profile", profiled), row("sources check", checked)];
  } finally {
    folder.remove();
  }
};

async function time<T>(run: () => Promise<T>): Promise<{ answer: T; ms: number; mostMiB: number; grownMiB: number }> {
  const before = process.memoryUsage.rss();
  let most = before;
  const watch = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 50);
  try {
    const start = performance.now();
    const answer = await run();
    const ms = performance.now() - start;
    return { answer, ms, mostMiB: most / 1_048_576, grownMiB: (most - before) / 1_048_576 };
  } finally {
    clearInterval(watch);
  }
}

async function countRows(path: string): Promise<number> {
  let rows = 0;
  for await (const _ of createReadStream(path).pipe(parse())) rows += 1;
  return rows;
}

function writeText(path: string, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    createWriteStream(path).on("error", reject).end(text, resolve);
  });
}

async function writeRecords(path: string, count: number): Promise<void> {
  const random = createRandomStream(7);
  const file = createWriteStream(path);
  file.write("id,customer,status,amount,quantity,created,country,note\n");
  for (let at = 0; at < count;) {
    const lines: string[] = [];
    for (const end = Math.min(count, at + 5_000); at < end; at += 1) lines.push(makeLine(at, random));
    if (!file.write(lines.join(""))) await new Promise<void>((resolve) => void file.once("drain", resolve));
  }
  await new Promise<void>((resolve) => void file.end(resolve));
}

const statuses = ["open", "paid", "disputed", "void"] as const;
const countries = ["DE", "FR", "US", "GB", "ES"] as const;

function makeLine(at: number, random: () => number): string {
  const pick = (values: readonly string[]): string => values[Math.floor(random() * values.length)] ?? "";
  const amount = Math.exp(3 + 3 * random()).toFixed(2);
  const moment = `2026-0${1 + Math.floor(random() * 9)}-1${Math.floor(random() * 10)}T10:00:00Z`;
  const customer = `C-${Math.floor(random() * 5_000)}`;
  return `${at + 1},${customer},${pick(statuses)},${amount},${1 + Math.floor(random() * 9)},${moment},${pick(countries)},"invoice, number ${at}"\n`;
}
