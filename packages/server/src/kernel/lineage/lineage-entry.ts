/** What is kept for ever of an ended action's lineage: what it cites, what it saw, what it wrote. */
import type { ActionId, ObservationId, RelianceMatch } from "@airworthy/contract";

/** One reason why an action relies on a read: `from` fetched what it cites. */
export type Citation = {
  readonly from: ActionId;
  readonly match: RelianceMatch;
  /** The observation; of a match by value, the answer in which the value stood, and where. */
  readonly via: ObservationId;
  readonly path?: string;
  readonly fact?: string;
  readonly key?: string;
  readonly argument?: string;
};

/** The first 64 bits of a keyed digest, as a signed number in text: what lineage compares by. */
export type ShortDigest = string;

/** A fact as it was seen: in an answer that the action fetched, or looked up for it. Times in epoch ms. */
export type Sight = {
  readonly id: ObservationId;
  readonly action: ActionId;
  readonly fact: string;
  readonly key: string;
  /** Of fact and key, and of the value. */
  readonly cited: ShortDigest;
  readonly valueDigest: ShortDigest;
  readonly source: string;
  readonly version?: string;
  readonly asOf?: number;
  readonly fetchedAt: number;
  readonly batch?: string;
  readonly document?: string;
  /** Where in the answer the value stands, and the record around it. */
  readonly path?: string;
  readonly item?: string;
  /** It was looked up for the action, which rests on it. */
  readonly rests: boolean;
};

/** A fact as an effect left it, as far as its tool says. At least one of value and version is there. */
export type WrittenFact = {
  readonly fact: string;
  readonly key: string;
  readonly cited: string;
  readonly valueDigest?: string;
  readonly version?: string;
};

/** What an action was done under: digests, but for the model. */
export type DoneUnder = {
  readonly agent?: string;
  readonly model?: string;
  readonly prompt?: string;
  readonly tool?: string;
  readonly policies: readonly { readonly id: string; readonly digest: string }[];
};

export type LineageEntry = {
  readonly action: ActionId;
  readonly agent: string;
  readonly tool: string;
  readonly cites: readonly Citation[];
  readonly saw: readonly Sight[];
  /** Its digests are short ones. */
  readonly wrote: readonly WrittenFact[];
  readonly handles: readonly string[];
};

/** As it is read back. Times in epoch ms by the database. */
export type LineageNode = Omit<LineageEntry, "handles" | "saw"> & {
  readonly startedAt: number | undefined;
  readonly endedAt: number;
};
