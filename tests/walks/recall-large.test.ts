/** A recall of ten thousand actions through the command line: planned to a file, started from it, begun, and called off. */
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

import { type Recall, RecallPlan } from "@airworthy/contract";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";

import { exitCodes } from "../../packages/cli/src/exit-codes.ts";
import { runCli } from "../support/cli.ts";
import { eventually } from "../support/desk.ts";
import { openRecallDesk, type RecallDesk } from "../support/recall-shop.ts";

const payments = 10_000;
const atOnce = 32;

vi.setConfig({ testTimeout: 900_000, hookTimeout: 900_000 });

let desk: RecallDesk;
let folder: string;
let keyFile: string;

beforeAll(async () => {
  desk = await openRecallDesk();
  folder = mkdtempSync(path.join(tmpdir(), "airworthy-large-"));
  keyFile = path.join(folder, "otto.key");
  writeFileSync(keyFile, (await desk.server.person("otto")).key, { mode: 0o600 });
  let next = 0;
  const payOn = async (): Promise<void> => {
    for (let number = next++; number < payments; number = next++)
      // oxlint-disable-next-line no-await-in-loop -- as many at once as there are of these
      await desk.pay("large", `order-of-the-great-mistake-${number}`, { amountMinor: 1 });
  };
  await Promise.all(Array.from({ length: atOnce }, payOn));
});
afterAll(async () => {
  await desk.close();
  rmSync(folder, { recursive: true, force: true });
});

const run = async <T>(...words: string[]): Promise<T> => {
  const { code, out, err } = await runCli([...words, "--url", desk.server.url, "--key-file", keyFile, "--json"], {
    cwd: folder,
  });
  expect(code, err).toBe(exitCodes.ok.code);
  return (JSON.parse(out) as { data: T }).data;
};

describe("a recall of ten thousand actions", () => {
  it("is planned to a file, started from it, and accounts for every action when it is called off", async () => {
    await run("recall", "plan", "--run", "large", "-o", "large.plan");
    const file = path.join(folder, "large.plan");
    // More than a proposal may have.
    expect(
      Buffer.byteLength(JSON.stringify({ plan: JSON.parse(readFileSync(file, "utf8")) as unknown })),
    ).toBeGreaterThan(4 * 1024 * 1024);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const plan = RecallPlan.parse(JSON.parse(readFileSync(file, "utf8")));
    expect(plan.items).toHaveLength(payments);
    expect(plan.groups.reversible).toMatchObject({ count: payments, amounts: [{ minor: payments, currency: "EUR" }] });

    const { id, approval } = await run<Recall>("recall", "start", "large.plan");
    await desk.jonas.decideApproval({ id: approval, verdict: "approve", reason: "all of them" });
    await eventually(async () => ((await desk.otto.readRecall({ id })).counts.compensated ?? 0) >= 20);
    await run("recall", "cancel", id, "--reason", "enough was seen");
    const { counts } = await eventually(async () => {
      const now = await desk.otto.readRecall({ id });
      return now.receipt && now;
    });
    const cancelled = [...desk.payments.values()].filter((payment) => payment.cancelled > 0);
    expect(cancelled.every((payment) => payment.cancelled === 1)).toBe(true);
    expect(counts).toEqual({ compensated: cancelled.length, not_begun: payments - cancelled.length });
  });
});
