/** The port through which recall and explanations read lineage, all of it as of one moment. */
import type { ActionId, ActionRecord, ActionStatus, ObservationId } from "@airworthy/contract";

import type { HandleKind } from "./handle.ts";
import type { LineageNode, ShortDigest, Sight } from "./lineage-entry.ts";

/** Epoch ms; `sinceMs` belongs to it, `untilMs` does not. */
export type Between = { readonly sinceMs?: number | undefined; readonly untilMs?: number | undefined };

export type SightQuery = {
  readonly fact?: string;
  readonly cited?: ShortDigest;
  readonly valueDigest?: ShortDigest;
  readonly version?: string;
  readonly source?: string;
  readonly batch?: string;
  readonly document?: string;
  readonly between: Between;
};

/** What one effect left of a fact; sights of it since then are asked for. */
export type Trace = {
  readonly fact: string;
  readonly cited: ShortDigest;
  readonly valueDigest?: ShortDigest | undefined;
  readonly version?: string | undefined;
  readonly sinceMs: number;
};

/** An action as a recall shows it and acts on it. */
export type RecalledAction = {
  readonly record: ActionRecord;
  /** The effect's state, where one was begun, and the configuration under which it was. */
  readonly effect:
    | { readonly state: string; readonly snapshotVersion: number; readonly compensated: boolean }
    | undefined;
  /** The paths of its result that a policy hid before it was kept. */
  readonly mask: readonly string[];
  readonly approvers: readonly string[];
};

export type LineageReader = {
  /** Actions that ended, by what they were done by or under. Newest first; `limit` may be met. */
  readonly found: (
    kind: HandleKind,
    name: string,
    by: { readonly between: Between; readonly limit: number },
  ) => Promise<LineageNode[]>;
  readonly endedBetween: (between: Between, limit: number) => Promise<LineageNode[]>;
  readonly nodes: (actions: readonly ActionId[]) => Promise<LineageNode[]>;
  /** Actions that cite a read of any of these. */
  readonly citing: (actions: readonly ActionId[]) => Promise<LineageNode[]>;
  /** Actions that wrote any of these facts. */
  readonly writing: (cited: readonly ShortDigest[]) => Promise<LineageNode[]>;
  readonly sights: (query: SightQuery, limit: number) => Promise<Sight[]>;
  /** Sights of what effects left, by value or version; whether each is of it is for `matchWrite` to say. */
  readonly sightsAfter: (traces: readonly Trace[]) => Promise<Sight[]>;
  /** Of one fact's sights, those with these ids. */
  readonly sightsById: (
    ids: readonly { readonly fact: string; readonly cited: ShortDigest; readonly id: ObservationId }[],
  ) => Promise<Sight[]>;
  /** Of these reads, the sights that name a document. */
  readonly documentsShown: (actions: readonly ActionId[]) => Promise<Sight[]>;
  readonly statuses: (actions: readonly ActionId[]) => Promise<ReadonlyMap<ActionId, ActionStatus>>;
  /** Actions that a person has said yes to. */
  readonly approvedBy: (person: string, limit: number) => Promise<ActionId[]>;
  readonly describe: (actions: readonly ActionId[]) => Promise<RecalledAction[]>;
  /** Effects on these business objects that are not among `except`: how many, and the latest of them. */
  readonly touching: (
    entities: readonly string[],
    by: { readonly except: readonly ActionId[]; readonly limit: number },
  ) => Promise<{ readonly count: number; readonly latest: readonly ActionRecord[] }>;
  /** The keyed digest of fact and key, or of a value, as lineage compares it. */
  readonly digest: (value: ActionRecord["arguments"][string]) => Promise<ShortDigest>;
};

export type LineageStore = {
  /** Everything that `work` reads is of one moment. */
  readonly read: <T>(tenant: string, work: (reader: LineageReader) => Promise<T>) => Promise<T>;
};
