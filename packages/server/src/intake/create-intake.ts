/** The one way in: messages are read, held against their contracts, and written with their position. */
import type { IngestConnector, Snapshot } from "@airworthy/contract";

import { createMessageReader } from "../kernel/records/read-message.ts";
import type { PartOutcome, SourceLease, SourceStore } from "../kernel/source-store.ts";
import type { Delivery, SourceIntake } from "./source-driver.ts";

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
  const deliverAll = async (deliveries: readonly Delivery[]): Promise<PartOutcome[]> => {
    const parts = deliveries.map(({ batch, messages, more = false, ...rest }) => {
      return { batch, messages: messages.map((message) => read(message, batch.id)), more, ...rest };
    });
    const outcomes = await store.ingest(at, parts);
    for (const [index, part] of parts.entries()) {
      if (outcomes[index]?.state === "taken") position = part.position ?? position;
    }
    return outcomes;
  };
  return {
    position: () => position,
    deliverAll,
    deliver: async (delivery) => {
      const [outcome] = await deliverAll([delivery]);
      if (!outcome) throw new Error("A part was written and nothing said of it.");
      return outcome;
    },
    reject: (batch, reason) => store.rejectBatch(lease, batch, reason),
    known: ({ ids = [], digests = [] }) => store.knownBatches(at, { ids, digests }),
    knownMessages: (ids) => store.knownMessages(at, ids),
    time: () => store.time(),
    caughtUp: (when) => store.noteCaughtUp(lease, when),
    problem: (error) => store.noteProblem(at, error.message),
    documents: {
      known: () => store.documents.known(at),
      reject: (batch, refused) => store.documents.reject(lease, batch, refused),
      withdraw: (paths) => store.documents.withdraw(lease, paths),
    },
  };
}
