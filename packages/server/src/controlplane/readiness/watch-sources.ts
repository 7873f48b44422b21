/** Watches what sources bring: samples it on this node, adds the samples to the windows in the store, and compares full ones. */
import type { Json, KeptSample, Snapshot, SourceContractDocument } from "@airworthy/contract";

import { digestJson } from "../../kernel/canonical.ts";
import type { Clock, Control } from "../../kernel/deps.ts";
import { durationMs } from "../../kernel/duration.ts";
import { isJsonObject } from "../../kernel/json.ts";
import type { ClaimedWindow, ReadinessStore } from "../../kernel/readiness-store.ts";
import { flattenRecord } from "../../kernel/records/flatten-record.ts";
import type { SeenRecords, SourceWatch } from "../../kernel/source-watch.ts";
import { alphaOfLook } from "../../kernel/stats/spend-alpha.ts";
import { defaultAlpha } from "./compare-sources.ts";
import { createContractSampler } from "./contract-sampler.ts";
import type { ContractSample, ContractSampler } from "./contract-sampler.ts";
import { judgeWindow } from "./judge-window.ts";
import { keepSample, readSample } from "./keep-sample.ts";
import { mergeSamples } from "./merge-samples.ts";

export type SourceWatcher = SourceWatch & {
  /** Adds what was sampled to the windows: what has waited long enough, or with `all`, everything. */
  readonly flush: (options?: { readonly all?: boolean }) => Promise<void>;
  /** Closes windows that are due, and compares the full ones of this tenant that no other node compares. */
  readonly judge: (tenant: string) => Promise<void>;
};

export type WatcherOptions = {
  readonly store: ReadinessStore;
  readonly control: Control;
  readonly clock: Clock;
  readonly onFault: (error: unknown) => void;
};

export const defaultWindowRecords = 5_000;
/** A window that is closed by time has at least so many: fewer show nothing and would spend alpha all the same. */
const recordsMin = 100;
/** What was sampled stays in memory no longer; a crash loses that much of a sample, and no record. */
const flushAfterMs = 15_000;
/** A node adds to the window this often before it is full. */
const partsOfWindow = 4;
/** Records that a read has shown are told apart up to so many; those beyond are left out until the next window. */
const seenMax = 50_000;

type Watched = SourceContractDocument & { readonly watch: NonNullable<SourceContractDocument["watch"]> };
type Lane = {
  readonly tenant: string;
  contract: Watched;
  sampler: ContractSampler;
  /** What could not be added, to be added with the next. */
  unsent: ContractSample | undefined;
  readonly seen: Set<string>;
  window: number;
  flushedMonoMs: number;
  running: Promise<void> | undefined;
};

export function createSourceWatcher(options: WatcherOptions): SourceWatcher {
  const { clock, onFault } = options;
  const lanes = new Map<string, Lane>();
  const laneOf = (tenant: string, contract: Watched): Lane => {
    const key = JSON.stringify([tenant, contract.name]);
    const known = lanes.get(key);
    if (known !== undefined) {
      if (known.contract !== contract) adoptContract(known, contract);
      return known;
    }
    const sampler = createContractSampler(contract, newSeed());
    const flushedMonoMs = clock.monotonicMs();
    const made = { tenant, contract, sampler, unsent: undefined, seen: new Set<string>(), window: 0, flushedMonoMs };
    const lane: Lane = { ...made, running: undefined };
    lanes.set(key, lane);
    return lane;
  };
  const flushLane = (lane: Lane): Promise<void> => {
    lane.running ??= sendPart(lane, options)
      .catch(onFault)
      .finally(() => {
        lane.running = undefined;
      });
    return lane.running;
  };
  return {
    note: (seen) => {
      try {
        const { contract } = seen;
        if (!isWatched(contract)) return;
        const lane = laneOf(seen.tenant, contract);
        sampleRecords(lane, seen);
        if (lane.sampler.records() >= windowRecords(contract) / partsOfWindow) void flushLane(lane);
      } catch (error) {
        onFault(error);
      }
    },
    flush: async ({ all = false } = {}) => {
      const now = clock.monotonicMs();
      const due = [...lanes.values()].filter((lane) => all || now - lane.flushedMonoMs >= flushAfterMs);
      await Promise.all(due.map(flushLane));
      // What came while the last part was under way.
      if (all) await Promise.all(due.map(flushLane));
    },
    judge: (tenant) => judgeTenant(tenant, options),
  };
}

const newSeed = (): number => Math.floor(Math.random() * 2 ** 31);
const isWatched = (contract: SourceContractDocument): contract is Watched => contract.watch !== undefined;
const windowRecords = ({ watch }: Watched): number => watch.window.records ?? defaultWindowRecords;

/** A new snapshot has other objects for the same contract; only another contract needs another sampler. */
function adoptContract(lane: Lane, contract: Watched): void {
  const isSame = digestOf(lane.contract) === digestOf(contract);
  lane.contract = contract;
  if (isSame) return;
  lane.unsent = takeSample(lane);
}

const digestOf = ({ fields }: Watched): string => digestJson(JSON.parse(JSON.stringify(fields)));

function sampleRecords({ sampler, seen }: Lane, { accepted, quarantined, repeats }: SeenRecords): void {
  const isNew = (value: Json): boolean => {
    if (!repeats) return true;
    const digest = digestJson(value);
    if (seen.has(digest) || seen.size >= seenMax) return false;
    seen.add(digest);
    return true;
  };
  for (const value of accepted) {
    if (isJsonObject(value) && isNew(value)) sampler.accept(flattenRecord(value), false);
  }
  for (const { value, faults } of quarantined) if (isNew(value)) sampler.quarantine(faults);
}

/** Takes what was sampled out of the lane; undefined when there is nothing. */
function takeSample(lane: Lane): ContractSample | undefined {
  const { sampler, unsent, contract } = lane;
  if (sampler.records() === 0) return unsent;
  lane.sampler = createContractSampler(contract, newSeed());
  const fresh = sampler.sample();
  return unsent === undefined ? fresh : mergeSamples(unsent, fresh, newSeed());
}

async function sendPart(lane: Lane, { store, clock }: WatcherOptions): Promise<void> {
  const part = takeSample(lane);
  lane.unsent = undefined;
  lane.flushedMonoMs = clock.monotonicMs();
  if (part === undefined) return;
  const { tenant, contract } = lane;
  const merge = (held: KeptSample | undefined): KeptSample =>
    keepSample(held === undefined ? part : mergeSamples(readSample(held), part, newSeed()));
  try {
    const at = { tenant, contract: contract.name };
    const added = await store.add(at, { full: windowRecords(contract), collects: contract.watch.baseline, merge });
    const next = added === undefined ? 0 : added.window + (added.isFull ? 1 : 0);
    const isFirst = lane.window === 0 && added?.isFull === false;
    if (next !== lane.window && !isFirst) lane.seen.clear();
    lane.window = next;
  } catch (error) {
    lane.unsent = lane.unsent === undefined ? part : mergeSamples(lane.unsent, part, newSeed());
    throw error;
  }
}

async function judgeTenant(tenant: string, { store, control }: WatcherOptions): Promise<void> {
  const { snapshot } = await control.view(tenant);
  const watched = Object.values(snapshot.contracts).filter(isWatched);
  if (watched.length === 0) return;
  for (const { name, watch } of watched) {
    if (watch.window.time === undefined) continue;
    const limit = { ms: durationMs(watch.window.time), records: recordsMin };
    // oxlint-disable-next-line no-await-in-loop -- in the background one at a time is enough
    await store.closeAfter({ tenant, contract: name }, limit);
  }
  const names = watched.map(({ name }) => name);
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- each claim is held for a minute only
    const claimed = await store.claim(tenant, names);
    if (claimed === undefined) return;
    // oxlint-disable-next-line no-await-in-loop -- as above
    await judgeClaimed(claimed, { store, snapshot });
  }
}

async function judgeClaimed(
  claimed: ClaimedWindow,
  { store, snapshot }: { readonly store: ReadinessStore; readonly snapshot: Snapshot },
): Promise<void> {
  const contract = snapshot.contracts[claimed.contract];
  if (contract === undefined) return;
  if (claimed.baseline === undefined) {
    const origin = `the first ${claimed.sample.records} records`;
    await store.adopt(claimed, { contract: contract.name, origin, sample: claimed.sample, by: "airworthy" });
    return;
  }
  const [baseline, window] = [claimed.baseline.sample, claimed.sample].map(readSample);
  if (baseline === undefined || window === undefined) return;
  const shared = fieldsOfAll(contract, [baseline, window]);
  const alpha = contract.watch?.alpha ?? defaultAlpha;
  const samples = { baseline: onlyFields(baseline, shared), window: onlyFields(window, shared) };
  const { findings } = judgeWindow(samples, { alpha, look: claimed.look });
  await store.settle(claimed, { level: alphaOfLook(alpha, claimed.look), findings });
}

/** A contract that has gained or lost a field since the baseline was set has not drifted for that. */
function fieldsOfAll(contract: SourceContractDocument, samples: readonly ContractSample[]): ReadonlySet<string> {
  const names = samples.map(({ fields }) => new Set(fields.map(({ name }) => name)));
  return new Set(contract.fields.map(({ name }) => name).filter((name) => names.every((each) => each.has(name))));
}

export const onlyFields = (sample: ContractSample, names: ReadonlySet<string>): ContractSample => ({
  ...sample,
  fields: sample.fields.filter(({ name }) => names.has(name)),
});
