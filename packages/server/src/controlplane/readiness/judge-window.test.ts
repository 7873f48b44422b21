/** What watching promises: over many looks few false alarms in all, and a real change found soon. */
import type { SourceContractDocument } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import { createRandomStream } from "../../kernel/stats/random-stream.ts";
import type { RandomStream } from "../../kernel/stats/random-stream.ts";
import { alphaOfLook } from "../../kernel/stats/spend-alpha.ts";
import { createContractSampler } from "./contract-sampler.ts";
import type { ContractSample } from "./contract-sampler.ts";
import { judgeWindow } from "./judge-window.ts";

const contract: SourceContractDocument = {
  apiVersion: "airworthy/v1",
  kind: "SourceContract",
  name: "orders",
  version: 1,
  fields: [
    { name: "amount", type: "number", nullable: true },
    { name: "status", type: "text", nullable: false },
  ],
};

type Order = { readonly amount: number | null; readonly status: string };
type Change = (order: Order, random: RandomStream) => Order;

const statuses = ["open", "open", "open", "paid", "paid", "disputed"] as const;
const makeOrder = (random: RandomStream): Order => ({
  amount: random() < 0.05 ? null : Math.round(Math.exp(3 + 2 * random()) * 100) / 100,
  status: statuses[Math.floor(random() * statuses.length)] ?? "open",
});

/** One record of fifty does not keep the contract. */
function sampleOrders(count: number, random: RandomStream, change?: Change): ContractSample {
  const sampler = createContractSampler(contract, Math.floor(random() * 2 ** 31));
  const columns = ["amount", "status"];
  for (let at = 0; at < count; at += 1) {
    const order = makeOrder(random);
    const { amount, status } = change?.(order, random) ?? order;
    if (random() < 0.02) sampler.quarantine([{ field: "status", expected: "one of open, paid, disputed" }]);
    else sampler.accept({ columns, cells: [amount, status] }, false);
  }
  return sampler.sample();
}

const streams = 200;
const windows = 50;
// As few as Kolmogorov’s limit is taken for: beneath, the exact distribution takes ten times as long.
const rows = { baseline: 1_200, window: 450 } as const;

/** The first window with a finding, from 1; undefined when none of them has. */
function firstAlarm(seed: number, alpha: number, levelOf: (look: number) => number): number | undefined {
  const random = createRandomStream(seed);
  const baseline = sampleOrders(rows.baseline, random);
  for (let look = 1; look <= windows; look += 1) {
    const window = sampleOrders(rows.window, random);
    const { findings } = judgeWindow({ baseline, window }, { alpha, look: levelOf(look) });
    if (findings.length > 0) return look;
  }
  return undefined;
}

describe("repeated looks", () => {
  it("spend no more than alpha in all", () => {
    let spent = 0;
    for (let look = 1; look <= 100_000; look += 1) spent += alphaOfLook(0.01, look);
    expect(spent).toBeLessThan(0.01);
    expect(spent).toBeGreaterThan(0.00999);
  });

  it("over 50 windows without change raise any alarm in at most alpha of 200 streams; without spending they would not", () => {
    const alpha = 0.1;
    const shareOf = (count: number, levelOf: (look: number) => number): number =>
      Array.from({ length: count }, (_, seed) => firstAlarm(seed + 1, alpha, levelOf)).filter(
        (look) => look !== undefined,
      ).length / count;
    const alarms = shareOf(streams, (look) => look);
    const unspent = shareOf(60, () => 1);
    process.stdout.write(
      `share of streams of ${windows} windows with any false alarm: ${alarms} at alpha ${alpha}; ${unspent} with half of alpha at every look\n`,
    );
    // Two standard errors of a share of alpha over 200 streams.
    const error = 2 * Math.sqrt((alpha * (1 - alpha)) / streams);
    expect(alarms).toBeLessThanOrEqual(alpha + error);
    // The test can fail: the same looks at one level each break the promise.
    expect(unspent).toBeGreaterThan(alpha + error);
  }, 300_000);
});

const changes: readonly {
  readonly name: string;
  readonly within: number;
  readonly change: Change;
}[] = [
  {
    name: "amounts 30 % higher",
    within: 3,
    change: (order) => ({ ...order, amount: order.amount === null ? null : order.amount * 1.3 }),
  },
  {
    name: "5 % of a new status",
    within: 2,
    change: (order, random) => (random() < 0.05 ? { ...order, status: "escalated" } : order),
  },
  {
    name: "a tenth more amounts missing",
    within: 2,
    change: (order, random) => (random() < 0.1 ? { ...order, amount: null } : order),
  },
];

describe("a real change", () => {
  it.each(changes)("$name after 40 quiet windows of 400: found within $within windows, 19 times of 20", (planted) => {
    let found = 0;
    for (let round = 0; round < 20; round += 1) {
      const random = createRandomStream(900 + round);
      const baseline = sampleOrders(2_000, random);
      const isFound = Array.from({ length: planted.within }, (_, at) => {
        const window = sampleOrders(400, random, planted.change);
        return judgeWindow({ baseline, window }, { alpha: 0.01, look: 41 + at });
      }).some((comparison) => !comparison.ok);
      if (isFound) found += 1;
    }
    process.stdout.write(`planted after 40 windows, ${planted.name}: ${found} of 20 found within ${planted.within}\n`);
    expect(found).toBeGreaterThanOrEqual(19);
  });
});
