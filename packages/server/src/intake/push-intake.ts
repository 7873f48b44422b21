/** Takes what others push to us: many small batches of one source are written in one transaction, and each is answered after it. */
import { AirworthyError, type IngestConnector, type Snapshot } from "@airworthy/contract";

import { createMessageReader, type Message, type MessageReader } from "../kernel/records/read-message.ts";
import type { BatchRef, IngestPart, PartOutcome, SourceAt, SourceStore } from "../kernel/source-store.ts";

export type Push = {
  readonly tenant: string;
  readonly connector: IngestConnector;
  readonly snapshot: Snapshot;
  readonly batch: BatchRef;
  readonly messages: readonly Message[];
  /** Of the body, for the limit of what waits. */
  readonly bytes: number;
};
export type PushIntake = {
  /**
   * Resolves once it is committed, or at once with "busy" when too much waits already.
   * @throws AirworthyError `unavailable`, retryable, when the store or the quarantine takes nothing.
   */
  readonly push: (push: Push) => Promise<PartOutcome | "busy">;
};

type Waiting = {
  readonly part: IngestPart;
  readonly bytes: number;
  readonly resolve: (outcome: PartOutcome) => void;
  readonly reject: (error: unknown) => void;
};
type Lane = { readonly waiting: Waiting[]; bytes: number; running: boolean };

const partsMax = 512;
const bytesMax = 32 * 1024 * 1024;
const groupMax = 64;

export function createPushIntake({
  store,
  now,
}: {
  readonly store: SourceStore;
  readonly now: () => number;
}): PushIntake {
  const lanes = new Map<string, Lane>();
  const readers = new WeakMap<IngestConnector, { readonly snapshot: Snapshot; readonly read: MessageReader }>();
  const readerOf = ({ snapshot, connector }: Push): MessageReader => {
    const known = readers.get(connector);
    if (known?.snapshot === snapshot) return known.read;
    const read = createMessageReader(snapshot, connector, { untyped: false, now });
    readers.set(connector, { snapshot, read });
    return read;
  };
  return {
    push: (push) => {
      const at = { tenant: push.tenant, connector: push.connector.name };
      const key = JSON.stringify([at.tenant, at.connector]);
      const lane = lanes.get(key) ?? { waiting: [], bytes: 0, running: false };
      lanes.set(key, lane);
      if (lane.waiting.length >= partsMax || lane.bytes + push.bytes > bytesMax) return Promise.resolve("busy");
      const read = readerOf(push);
      const { batch, messages, bytes } = push;
      const part: IngestPart = { batch, messages: messages.map((message) => read(message, batch.id)), more: false };
      return new Promise((resolve, reject) => {
        lane.waiting.push({ part, bytes, resolve, reject });
        lane.bytes += bytes;
        if (lane.running) return;
        lane.running = true;
        void drain(at, lane, store).finally(() => {
          lane.running = false;
          lanes.delete(key);
        });
      });
    },
  };
}

async function drain(at: SourceAt, lane: Lane, store: SourceStore): Promise<void> {
  while (lane.waiting.length > 0) {
    const group = lane.waiting.splice(0, groupMax);
    // oxlint-disable-next-line no-await-in-loop -- what arrives meanwhile is written together with the next
    await writeGroup(at, group, store);
    lane.bytes -= group.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

/** One that cannot be written must not take its neighbours with it. */
async function writeGroup(at: SourceAt, group: readonly Waiting[], store: SourceStore): Promise<void> {
  try {
    const outcomes = await store.ingest(
      at,
      group.map(({ part }) => part),
    );
    for (const [index, one] of group.entries()) {
      const outcome = outcomes[index];
      if (outcome) one.resolve(outcome);
      else one.reject(new AirworthyError("internal", "A batch was written and nothing said of it."));
    }
  } catch (error) {
    const isCommon = error instanceof AirworthyError && error.retryable;
    if (group.length === 1 || isCommon) {
      for (const { reject } of group) reject(error);
      return;
    }
    // oxlint-disable-next-line no-await-in-loop -- one after the other, for they lock the same row
    for (const one of group) await writeGroup(at, [one], store);
  }
}
