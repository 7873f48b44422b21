/** Operations on sources that bring records in, and on what stands in quarantine. */
import { AirworthyError, type Quarantined, type Snapshot, type SourceContractDocument } from "@airworthy/contract";

import { releaseRecord } from "../../controlplane/sources/release-record.ts";
import type { Clock, Control } from "../../kernel/deps.ts";
import { isIngesting } from "../../kernel/is-ingesting.ts";
import { hideFaults, hideRecord } from "../../kernel/records/hide-classed.ts";
import type { QuarantineStore, SourceReader } from "../../kernel/source-store.ts";
import type { Handlers } from "./handlers.ts";

export type SourceHandlerDeps = {
  readonly control: Control;
  readonly clock: Clock;
  readonly sources: SourceReader;
  readonly quarantine: QuarantineStore;
};
export type SourceOperation =
  | "listSources"
  | "readSource"
  | "listQuarantined"
  | "readQuarantined"
  | "releaseQuarantined"
  | "discardQuarantined";

const defaultLimit = 100;

/** The contract that it broke; for what could not be read, or broke one that is gone, all that its source's records are held to. */
function fieldsOf({ contract, connector }: Quarantined, { contracts, connectors }: Snapshot) {
  const named = (name: string): SourceContractDocument | undefined =>
    Object.hasOwn(contracts, name) ? contracts[name] : undefined;
  const own = contract && named(contract.name);
  if (own) return own;
  const source = Object.hasOwn(connectors, connector) ? connectors[connector] : undefined;
  const all = isIngesting(source) ? source.records.map((record) => named(record.contract)) : Object.values(contracts);
  return { fields: all.flatMap((one) => one?.fields ?? []) };
}

/** As people may see it: without the values of classed fields. */
function hideValues<Q extends Quarantined>(one: Q, snapshot: Snapshot): Q {
  return { ...one, faults: hideFaults(one.faults, fieldsOf(one, snapshot)) };
}

export function createSourceHandlers(deps: SourceHandlerDeps): Handlers<SourceOperation> {
  const { control, sources, quarantine } = deps;
  return {
    listSources: async (_, { principal }) => {
      const { snapshot } = await control.view(principal.tenant);
      const connectors = Object.values(snapshot.connectors).filter(isIngesting);
      return { sources: await sources.list(principal.tenant, connectors) };
    },
    readSource: async ({ name }, { principal }) => {
      const { snapshot } = await control.view(principal.tenant);
      const connector = Object.hasOwn(snapshot.connectors, name) ? snapshot.connectors[name] : undefined;
      if (isIngesting(connector)) return sources.read(principal.tenant, connector);
      throw new AirworthyError("not_found", `The live configuration has no source ${JSON.stringify(name)}.`, {
        place: "$.name",
        fix: "List them: airworthy sources list",
      });
    },
    listQuarantined: async ({ source, state = "held", limit = defaultLimit }, { principal }) => {
      const { snapshot } = await control.view(principal.tenant);
      const all = await quarantine.list(principal.tenant, { connector: source, state, limit });
      return { quarantined: all.map((one) => hideValues(one, snapshot)) };
    },
    readQuarantined: async ({ id }, { principal }) => {
      const found = await quarantine.read(principal.tenant, id);
      if (!found) throw new AirworthyError("not_found", `Nothing in quarantine has the id ${id}.`, { place: "$.id" });
      const { whole: _, readable: __, item: ___, eventAt: ____, eventKey: _____, ...shown } = found;
      const { snapshot } = await control.view(principal.tenant);
      return { ...hideValues(shown, snapshot), value: hideRecord(shown.value, fieldsOf(shown, snapshot)) };
    },
    releaseQuarantined: async ({ id, reason, value }, { principal }) => {
      const { tenant, name: by } = principal;
      const released = await releaseRecord({ tenant, id, by, reason, value }, deps);
      return hideValues(released, (await control.view(tenant)).snapshot);
    },
    discardQuarantined: async ({ id, reason }, { principal }) => {
      const { tenant, name: by } = principal;
      const discarded = await quarantine.decide(tenant, { id, verdict: "discarded", by, reason, amended: false });
      return hideValues(discarded, (await control.view(tenant)).snapshot);
    },
  };
}
