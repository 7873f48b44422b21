/** Tells whoever watches sources what was brought in, once it is in. */
import type { IngestConnector, Snapshot } from "@airworthy/contract";

import type { Control } from "../kernel/deps.ts";
import { isIngesting } from "../kernel/is-ingesting.ts";
import type { IngestPart, SourceStore } from "../kernel/source-store.ts";
import type { SeenRecords, SourceWatch } from "../kernel/source-watch.ts";

/** The same store; its `ingest` also tells. */
export function watchStore(
  store: SourceStore,
  { watch, control }: { readonly watch: SourceWatch; readonly control: Control },
): SourceStore {
  const tell = async (tenant: string, name: string, parts: readonly IngestPart[]): Promise<void> => {
    const { snapshot } = await control.view(tenant);
    const connector = snapshot.connectors[name];
    if (!isIngesting(connector)) return;
    for (const seen of sortByContract(parts, { tenant, connector, snapshot })) watch.note(seen);
  };
  return {
    ...store,
    ingest: async (at, parts) => {
      const outcomes = await store.ingest(at, parts);
      // What comes twice would count twice: a part that repeats anything is left out of the sample.
      const news = parts.filter((_, index) => {
        const outcome = outcomes[index];
        return outcome?.state === "taken" && outcome.duplicates === 0;
      });
      // A node without a view samples nothing; what was brought in is in all the same.
      if (news.length > 0) void tell(at.tenant, at.connector, news).catch(() => undefined);
      return outcomes;
    },
  };
}

type From = { readonly tenant: string; readonly connector: IngestConnector; readonly snapshot: Snapshot };

function sortByContract(parts: readonly IngestPart[], { tenant, connector, snapshot }: From): SeenRecords[] {
  const messages = parts.flatMap((part) => part.messages);
  const names = new Map(connector.records.map(({ record, contract }) => [record, contract]));
  return [...new Set(names.values())].flatMap((name) => {
    const contract = snapshot.contracts[name];
    if (contract?.watch === undefined) return [];
    const records = messages.flatMap((message) => message.records);
    const held = messages.flatMap((message) => message.held);
    return {
      tenant,
      contract,
      accepted: records.flatMap(({ record, value, deleted }) =>
        !deleted && names.get(record) === name ? [value] : [],
      ),
      quarantined: held.flatMap((one) => (one.contract?.name === name ? [one] : [])),
      repeats: false,
    };
  });
}
