/** The port to watched sources: windows that fill, the baseline that they are compared with, and what was found. */
import type {
  Baseline,
  FindingId,
  KeptSample,
  ReadinessFinding,
  SourceWindow,
  WatchedFinding,
} from "@airworthy/contract";

export type WatchAt = { readonly tenant: string; readonly contract: string };

/** What one node has sampled since it last added to the window. */
export type WindowPart = {
  /** The window is full at so many accepted and quarantined records. */
  readonly full: number;
  /** Without a baseline, one is made of so many accepted records; undefined: then nothing is kept. */
  readonly collects: number | undefined;
  /** Makes the window's sample of the one that it has so far, if any. */
  readonly merge: (held: KeptSample | undefined) => KeptSample;
};

/** A full window that this node is to compare. Undefined as `baseline`: it is to become the baseline. */
export type ClaimedWindow = WatchAt & {
  readonly number: number;
  readonly claim: number;
  readonly look: number;
  readonly sample: KeptSample;
  readonly baseline: { readonly number: number; readonly sample: KeptSample } | undefined;
};

export type WatchRead = {
  readonly contract: string;
  readonly looks: number;
  readonly baseline: Baseline | undefined;
  readonly windows: readonly SourceWindow[];
  readonly findings: readonly WatchedFinding[];
};

export type NewBaseline = {
  readonly contract: string;
  readonly origin: string;
  readonly sample: KeptSample;
  readonly by: string;
};

export type ReadinessStore = {
  /** Answers the window that the part is in, and whether it is full now; undefined where none is kept. */
  readonly add: (
    at: WatchAt,
    part: WindowPart,
  ) => Promise<{ readonly window: number; readonly isFull: boolean } | undefined>;
  /** Closes a window that has been open for so long and has so many records. */
  readonly closeAfter: (at: WatchAt, limit: { readonly ms: number; readonly records: number }) => Promise<void>;
  /** One full window of these contracts, if there is one that nobody compares; it is this node's for a minute. */
  readonly claim: (tenant: string, contracts: readonly string[]) => Promise<ClaimedWindow | undefined>;
  /** Writes what was found, once: false when the window is another's by now, or dropped. */
  readonly settle: (
    window: ClaimedWindow,
    judged: { readonly level: number; readonly findings: readonly ReadinessFinding[] },
  ) => Promise<boolean>;
  /** Makes the window the baseline, unless there is one by now. */
  readonly adopt: (window: ClaimedWindow, baseline: NewBaseline) => Promise<boolean>;
  readonly setBaseline: (tenant: string, baseline: NewBaseline) => Promise<Baseline>;
  readonly read: (
    tenant: string,
    which: { readonly contracts: readonly string[]; readonly closed: boolean },
  ) => Promise<WatchRead[]>;
  /** @throws AirworthyError `not_found`, or `conflict` when it was decided so before or is closed. */
  readonly decide: (
    tenant: string,
    decision: {
      readonly id: FindingId;
      readonly state: "acknowledged" | "closed";
      readonly by: string;
      readonly reason: string;
    },
  ) => Promise<WatchedFinding>;
};
