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

const contractOf = ({ contract }: Quarantined, { contracts }: Snapshot): SourceContractDocument | undefined =>
  contract !== undefined && Object.hasOwn(contracts, contract.name) ? contracts[contract.name] : undefined;

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
      return {
        quarantined: all.map((one) => ({ ...one, faults: hideFaults(one.faults, contractOf(one, snapshot)) })),
      };
    },
    readQuarantined: async ({ id }, { principal }) => {
      const found = await quarantine.read(principal.tenant, id);
      if (!found) throw new AirworthyError("not_found", `Nothing in quarantine has the id ${id}.`, { place: "$.id" });
      const { whole: _, readable: __, item: ___, eventAt: ____, eventKey: _____, ...shown } = found;
      const { snapshot } = await control.view(principal.tenant);
      const contract = contractOf(shown, snapshot);
      return { ...shown, faults: hideFaults(shown.faults, contract), value: hideRecord(shown.value, contract) };
    },
    releaseQuarantined: ({ id, reason, value }, { principal }) =>
      releaseRecord({ tenant: principal.tenant, id, by: principal.name, reason, value }, deps),
    discardQuarantined: ({ id, reason }, { principal }) =>
      quarantine.decide(principal.tenant, {
        id,
        verdict: "discarded",
        by: principal.name,
        reason,
        amended: false,
      }),
  };
}
