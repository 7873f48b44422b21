/** The one way in: messages are read, held against their contracts, and written with their position. */
import type { IngestConnector, Snapshot } from "@airworthy/contract";

import { createMessageReader } from "../kernel/records/read-message.ts";
import type { SourceLease, SourceStore } from "../kernel/source-store.ts";
import type { SourceIntake } from "./source-driver.ts";

type Options = {
  readonly store: SourceStore;
  readonly lease: SourceLease;
  readonly snapshot: Snapshot;
  readonly connector: IngestConnector;
  readonly untyped: boolean;
  readonly now: () => number;
};

export function createIntake({ store, lease, snapshot, connector, untyped, now }: Options): SourceIntake {
  const read = createMessageReader(snapshot, connector, { untyped, now });
  const at = { tenant: lease.tenant, connector: lease.connector, lease };
  let { position } = lease;
  return {
    position: () => position,
    deliver: async ({ batch, messages, more = false, ...rest }) => {
      const part = { batch, messages: messages.map((message) => read(message, batch.id)), more, ...rest };
      const [outcome] = await store.ingest(at, [part]);
      if (!outcome) throw new Error("A part was written and nothing said of it.");
      if (outcome.state === "taken") position = rest.position ?? position;
      return outcome;
    },
    reject: (batch, reason) => store.rejectBatch(lease, batch, reason),
    known: ({ ids = [], digests = [] }) => store.knownBatches(at, { ids, digests }),
    knownMessages: (ids) => store.knownMessages(at, ids),
    caughtUp: () => store.noteCaughtUp(lease),
  };
}
