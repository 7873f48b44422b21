/** Measures a million records of a source: profiled, and held to a contract, against the CSV library alone; and what watching adds to each. */
import { createReadStream, createWriteStream, rmSync } from "node:fs";
import { performance } from "node:perf_hooks";

import { parse } from "csv-parse";

import type { JsonObject, SourceContractDocument } from "@airworthy/contract";

import { checkSource } from "../packages/server/src/controlplane/readiness/check-source.ts";
import { profileSource } from "../packages/server/src/controlplane/readiness/describe-source.ts";
import { createContractSampler } from "../packages/server/src/controlplane/readiness/contract-sampler.ts";
import { findContract } from "../packages/server/src/controlplane/readiness/find-contract.ts";
import { keepSample } from "../packages/server/src/controlplane/readiness/keep-sample.ts";
import { createRecordChecker } from "../packages/server/src/kernel/records/check-record.ts";
import { flattenRecord } from "../packages/server/src/kernel/records/flatten-record.ts";
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
    return [row("sources profile", profiled), row("sources check", checked), await measureWatch(contract, records)];
  } finally {
    folder.remove();
  }
};

/** What watching adds to each record that arrives, against the check that each goes through anyway. */
async function measureWatch(contract: SourceContractDocument, records: number): Promise<Row> {
  const random = createRandomStream(11);
  const some = Array.from({ length: 5_000 }, (_, at) => makeRecord(at, random));
  const each = (take: (record: JsonObject) => void): void => {
    for (let at = 0; at < records; at += 1) take(some[at % some.length] ?? {});
  };
  const flat = await time(async () => each((record) => void flattenRecord(record)));
  const check = createRecordChecker(contract, false);
  const checked = await time(async () =>
    each((record) => void check({ number: 1, raw: undefined, ...flattenRecord(record) })),
  );
  const sampler = createContractSampler(contract, 1);
  const sampled = await time(async () => each((record) => sampler.accept(flattenRecord(record), false)));
  const kept = keepSample(sampler.sample());
  if (kept.records !== records) throw new WrongAnswer("not every record was sampled");
  const own = sampled.ms - flat.ms;
  return {
    what: `watching, a record of 8 fields, over ${records.toLocaleString("en-GB")}`,
    value: (own / records) * 1000,
    unit: "µs",
    ratios: [{ to: "the contract's check of it", ratio: own / Math.max(1e-9, checked.ms - flat.ms) }],
    notes: [
      `the sample takes ${Math.round(JSON.stringify(kept).length / 1024)} KiB; ${Math.round(sampled.grownMiB)} MiB more resident while sampling`,
    ],
  };
}

const makeRecord = (at: number, random: () => number): JsonObject => ({
  id: at + 1,
  customer: `C-${Math.floor(random() * 5_000)}`,
  status: statuses[Math.floor(random() * statuses.length)] ?? "open",
  amount: Math.round(Math.exp(3 + 3 * random()) * 100) / 100,
  quantity: 1 + Math.floor(random() * 9),
  created: `2026-0${1 + Math.floor(random() * 9)}-1${Math.floor(random() * 10)}T10:00:00Z`,
  country: countries[Math.floor(random() * countries.length)] ?? "DE",
  note: `invoice, number ${at}`,
});

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
