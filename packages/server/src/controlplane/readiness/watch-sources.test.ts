/** The watcher against a store that can fail: nothing sampled is lost or counted twice, and nobody is kept waiting. */
import { AirworthyError } from "@airworthy/contract";
import type { Json, KeptSample, Snapshot, SourceContractDocument } from "@airworthy/contract";
import { describe, expect, it } from "vitest";

import type { ClaimedWindow, ReadinessStore, WindowPart } from "../../kernel/readiness-store.ts";
import { createContractSampler } from "./contract-sampler.ts";
import { keepSample } from "./keep-sample.ts";
import { createSourceWatcher } from "./watch-sources.ts";

const contract: SourceContractDocument = {
  apiVersion: "airworthy/v1",
  kind: "SourceContract",
  name: "orders",
  version: 1,
  watch: { window: { records: 1_000, time: "1h" } },
  fields: [
    { name: "id", type: "integer", nullable: false },
    { name: "status", type: "text", nullable: false },
  ],
};
const faults = [{ field: "status", expected: "a value" }];
const records = (count: number, from = 0): Json[] =>
  Array.from({ length: count }, (_, at) => ({ id: from + at, status: "open" }));

function sampleOf(of: SourceContractDocument, count: number): KeptSample {
  const sampler = createContractSampler(of, 1);
  for (let at = 0; at < count; at += 1) {
    sampler.accept(
      { columns: of.fields.map(({ name }) => name), cells: of.fields.map(() => (at % 2 === 0 ? "a" : "b")) },
      false,
    );
  }
  return keepSample(sampler.sample());
}

function open(store: Partial<ReadinessStore> = {}) {
  const world = {
    held: undefined as KeptSample | undefined,
    window: 1,
    down: false,
    monoMs: 0,
    faults: [] as unknown[],
    settled: [] as unknown[],
    closed: [] as unknown[],
  };
  const missing = () => Promise.reject(new Error("not expected"));
  const watcher = createSourceWatcher({
    store: {
      add: async (_, part: WindowPart) => {
        if (world.down) throw new AirworthyError("unavailable", "away", { retryable: true });
        world.held = part.merge(world.held);
        return { window: world.window, isFull: false };
      },
      closeAfter: async (at, limit) => void world.closed.push([at.contract, limit]),
      claim: async () => undefined,
      settle: async (_, judged) => Boolean(world.settled.push(judged)),
      adopt: missing,
      setBaseline: missing,
      read: missing,
      decide: missing,
      ...store,
    },
    control: {
      view: async () => ({
        snapshot: { contracts: { orders: contract } } as unknown as Snapshot,
        epoch: 1,
        stops: [],
        notReady: [],
        validUntilMonoMs: 1,
      }),
      refresh: async () => undefined,
    },
    clock: { now: () => 0, monotonicMs: () => world.monoMs },
    onFault: (error) => void world.faults.push(error),
  });
  const note = (accepted: readonly Json[], repeats = false, quarantined: readonly Json[] = []) =>
    watcher.note({
      tenant: "t",
      contract,
      accepted,
      quarantined: quarantined.map((value) => ({ value, faults })),
      repeats,
    });
  return { world, watcher, note };
}

describe("what is sampled", () => {
  it("waits in memory for a quarter of a window or for 15 seconds, and is then in the store", async () => {
    const { world, watcher, note } = open();
    note(records(249));
    await watcher.flush();
    expect(world.held).toBeUndefined();
    note(records(1, 249), false, [{ id: 1 }]);
    await watcher.flush({ all: true });
    expect(world.held).toMatchObject({ records: 250, quarantined: { records: 1 } });
    note(records(10, 250));
    world.monoMs += 15_000;
    await watcher.flush();
    expect(world.held?.records).toBe(260);
  });

  it("is kept while the store is away, and added once when it is back", async () => {
    const { world, watcher, note } = open();
    world.down = true;
    note(records(300));
    await watcher.flush({ all: true });
    note(records(200, 300));
    await watcher.flush({ all: true });
    expect(world.held).toBeUndefined();
    expect(world.faults.length).toBeGreaterThan(0);
    world.down = false;
    await watcher.flush({ all: true });
    await watcher.flush({ all: true });
    expect(world.held?.records).toBe(500);
    expect(world.held?.fields[0]?.numbers).toMatchObject({ seen: 500 });
  });

  it("counts what reads repeat once a window, and anew in the next", async () => {
    const { world, watcher, note } = open();
    for (let again = 0; again < 5; again += 1) note(records(20), true, [{ id: 1 }, { id: 2 }]);
    await watcher.flush({ all: true });
    expect(world.held).toMatchObject({ records: 20, quarantined: { records: 2 } });
    note(records(20), true);
    await watcher.flush({ all: true });
    expect(world.held?.records).toBe(20);
    world.window = 2;
    note(records(1, 900), true);
    await watcher.flush({ all: true });
    note(records(20), true);
    await watcher.flush({ all: true });
    expect(world.held?.records).toBe(41);
  });

  it("is nothing of contracts that nobody watches, and never throws at whoever brings it", async () => {
    const { world, watcher } = open();
    const { watch: _, ...unwatched } = contract;
    watcher.note({ tenant: "t", contract: unwatched, accepted: records(500), quarantined: [], repeats: false });
    const hostile = ["text", 7, null, [], { id: { deep: { deeper: [1] } } }] as Json[];
    watcher.note({ tenant: "t", contract, accepted: hostile, quarantined: [], repeats: false });
    await watcher.flush({ all: true });
    expect(world.held?.records).toBe(1);
    expect(world.faults).toEqual([]);
  });

  it("goes on under a contract that has changed", async () => {
    const { world, watcher, note } = open();
    note(records(10));
    const next = {
      ...contract,
      version: 2,
      fields: [...contract.fields, { name: "note", type: "text" as const, nullable: true }],
    };
    watcher.note({
      tenant: "t",
      contract: next,
      accepted: [{ id: 1, status: "open", note: "n" }],
      quarantined: [],
      repeats: false,
    });
    await watcher.flush({ all: true });
    expect(world.held?.records).toBe(11);
    expect(world.held?.fields.map(({ name, kinds }) => [name, kinds.text])).toEqual([
      ["id", 0],
      ["status", 11],
      ["note", 1],
    ]);
  });
});

describe("judging", () => {
  const claimed = (over: Partial<ClaimedWindow>): ClaimedWindow => ({
    tenant: "t",
    contract: "orders",
    number: 3,
    claim: 1,
    look: 4,
    sample: sampleOf(contract, 400),
    baseline: { number: 1, sample: sampleOf(contract, 400) },
    ...over,
  });

  it("spends the level of its look, and closes windows that are due", async () => {
    const queue = [claimed({})];
    const { world, watcher } = open({ claim: async () => queue.pop() });
    await watcher.judge("t");
    expect(world.settled).toEqual([{ level: 0.01 / 20, findings: [] }]);
    expect(world.closed).toEqual([["orders", { ms: 3_600_000, records: 100 }]]);
  });

  it("does not take a field that the contract gained or lost for drift", async () => {
    const fewer = { ...contract, fields: contract.fields.slice(0, 1) };
    const more = { ...contract, fields: [...contract.fields, { name: "gone", type: "text" as const, nullable: true }] };
    const queue = [
      claimed({ baseline: { number: 1, sample: sampleOf(fewer, 400) } }),
      claimed({ baseline: { number: 1, sample: sampleOf(more, 400) } }),
    ];
    const { world, watcher } = open({ claim: async () => queue.pop() });
    await watcher.judge("t");
    expect(world.settled).toMatchObject([{ findings: [] }, { findings: [] }]);
  });
});
