/** Operations on watched sources: how they stand, their baselines, and what people answer to findings. */
import { AirworthyError } from "@airworthy/contract";
import type { Input, SourceContractDocument, StopScope, WatchedSource } from "@airworthy/contract";

import { defaultAlpha } from "../../controlplane/readiness/compare-sources.ts";
import { keepSample, readSample } from "../../controlplane/readiness/keep-sample.ts";
import type { DescribeOptions } from "../../controlplane/readiness/describe-source.ts";
import { profileIngested, profileTool } from "../../controlplane/readiness/profile-live.ts";
import type { ProfileDeps } from "../../controlplane/readiness/profile-live.ts";
import { onlyFields } from "../../controlplane/readiness/watch-sources.ts";
import type { Control } from "../../kernel/deps.ts";
import { isIngesting } from "../../kernel/is-ingesting.ts";
import type { ReadinessStore, WatchRead } from "../../kernel/readiness-store.ts";
import { hideFinding } from "../../kernel/records/hide-classed.ts";
import type { Handlers } from "./handlers.ts";

export type ReadinessHandlerDeps = {
  readonly control: Control;
  readonly readiness: ReadinessStore;
  readonly profile: ProfileDeps;
};
export type ReadinessOperation =
  | "listReadiness"
  | "readContract"
  | "setBaseline"
  | "decideFinding"
  | "profileTool"
  | "profileSource";

const baselineMin = 100;

export function createReadinessHandlers(deps: ReadinessHandlerDeps): Handlers<ReadinessOperation> {
  return { ...watchHandlers(deps), ...profileHandlers(deps) };
}

function watchHandlers({
  control,
  readiness,
}: ReadinessHandlerDeps): Handlers<Exclude<ReadinessOperation, "profileTool" | "profileSource">> {
  const contractOf = async (tenant: string, name: string): Promise<SourceContractDocument> => {
    const { snapshot } = await control.view(tenant);
    const contract = Object.hasOwn(snapshot.contracts, name) ? snapshot.contracts[name] : undefined;
    if (contract !== undefined) return contract;
    throw new AirworthyError("not_found", `The live configuration has no source contract ${JSON.stringify(name)}.`, {
      place: "$.contract",
      fix: "Apply it first: airworthy plan ./airworthy -o change.plan, then airworthy apply change.plan",
    });
  };
  return {
    listReadiness: async ({ contract, all }, { principal }) => {
      const { tenant } = principal;
      const { snapshot } = await control.view(tenant);
      const asked = contract === undefined ? Object.values(snapshot.contracts) : [await contractOf(tenant, contract)];
      const watched = asked.filter(({ watch }) => watch !== undefined);
      if (contract !== undefined && watched.length === 0) throw notWatched(contract);
      const contracts = watched.map(({ name }) => name);
      const read = await readiness.read(tenant, { contracts, closed: all === "true" });
      return { sources: watched.flatMap((one) => describe(one, read)) };
    },
    readContract: ({ name }, { principal }) => contractOf(principal.tenant, name),
    setBaseline: async ({ contract: name, origin, sample }, { principal }) => {
      const contract = await contractOf(principal.tenant, name);
      if (contract.watch === undefined) throw notWatched(name);
      const read = onlyFields(readSample(sample), new Set(contract.fields.map((field) => field.name)));
      if (read.records < baselineMin) throw tooFew(read.records);
      if (read.fields.length === 0) throw noneOfIts(name);
      return readiness.setBaseline(principal.tenant, {
        contract: name,
        origin,
        sample: keepSample(read),
        by: principal.name,
      });
    },
    decideFinding: async ({ id, verdict, reason }, { principal }) => {
      const { snapshot } = await control.view(principal.tenant);
      const decided = await readiness.decide(principal.tenant, {
        id,
        state: verdict === "close" ? "closed" : "acknowledged",
        by: principal.name,
        reason,
      });
      const contract = Object.hasOwn(snapshot.contracts, decided.contract)
        ? snapshot.contracts[decided.contract]
        : undefined;
      return { ...decided, finding: hideFinding(decided.finding, contract) };
    },
  };
}

function profileHandlers({ control, profile }: ReadinessHandlerDeps): Handlers<"profileTool" | "profileSource"> {
  return {
    profileTool: async ({ tool: name, arguments: calls, records, learn }, { principal }) => {
      const { tenant, name: by } = principal;
      const { snapshot, stops } = await control.view(tenant);
      const tool = Object.hasOwn(snapshot.tools, name) ? snapshot.tools[name] : undefined;
      if (tool === undefined) throw unknownName("tool", name);
      const stop = stops.find(({ mode, scope }) => mode === "deny_all" && covers(scope, name));
      if (stop !== undefined) throw stopped(name, stop.id);
      return profileTool({ tenant, by, snapshot }, { tool, calls, records, learn: learnOf(learn) }, profile);
    },
    profileSource: async ({ source: name, record, learn }, { principal }) => {
      const { tenant, name: by } = principal;
      const { snapshot } = await control.view(tenant);
      const connector = Object.hasOwn(snapshot.connectors, name) ? snapshot.connectors[name] : undefined;
      if (!isIngesting(connector)) throw unknownName("source", name);
      return profileIngested({ tenant, by, snapshot }, { connector, record, learn: learnOf(learn) }, profile);
    },
  };
}

const covers = (scope: StopScope, tool: string): boolean =>
  scope.kind === "all" || (scope.kind === "tool" && scope.tool === tool);

type Learn = Input<"profileSource">["learn"];
const learnOf = (learn: Learn): DescribeOptions["learn"] =>
  learn && {
    ...(learn.name === undefined ? {} : { name: learn.name }),
    ...(learn.existing === undefined ? {} : { existing: learn.existing }),
  };

const unknownName = (what: "tool" | "source", name: string): AirworthyError =>
  new AirworthyError("not_found", `The live configuration has no ${what} ${JSON.stringify(name)}.`, {
    place: what === "tool" ? "$.tool" : "$.source",
    fix: what === "tool" ? "Name a read tool of a connector." : "List them: airworthy sources list",
  });

const stopped = (tool: string, stop: string): AirworthyError =>
  new AirworthyError("conflict", `${tool} is stopped (${stop}).`, { fix: "Lift the stop first: airworthy resume" });

function describe(contract: SourceContractDocument, read: readonly WatchRead[]): WatchedSource[] {
  const found = read.find((one) => one.contract === contract.name);
  if (found === undefined) return [];
  const { looks, baseline, windows, findings } = found;
  return [
    {
      contract: contract.name,
      version: contract.version,
      ready: !findings.some(({ state, finding }) => state === "open" && finding.severity === "severe"),
      alpha: contract.watch?.alpha ?? defaultAlpha,
      looks,
      ...(baseline === undefined ? {} : { baseline }),
      windows: [...windows],
      findings: findings.map((one) => ({ ...one, finding: hideFinding(one.finding, contract) })),
    },
  ];
}

const notWatched = (name: string): AirworthyError =>
  new AirworthyError("invalid_input", `Contract ${name} is not watched.`, {
    place: "$.contract",
    fix: "Give it `watch: { window: { records: 5000 } }` and apply that.",
  });

const tooFew = (records: number): AirworthyError =>
  new AirworthyError("invalid_input", `A baseline of ${records} records shows nothing.`, {
    place: "$.sample.records",
    fix: `Give at least ${baselineMin} that keep the contract; a thousand show much more.`,
  });

const noneOfIts = (name: string): AirworthyError =>
  new AirworthyError("invalid_input", `The sample has no field of contract ${name}.`, {
    place: "$.sample.fields",
    fix: "Name the contract that these records are of.",
  });
