/** The port to whoever watches what sources bring: told of records after they are in, and never in anybody's way. */
import type { Json, SourceContractDocument } from "@airworthy/contract";

export type SeenRecords = {
  readonly tenant: string;
  readonly contract: SourceContractDocument;
  /** Records that kept the contract. */
  readonly accepted: readonly Json[];
  /** Records that did not, each with its faults. */
  readonly quarantined: readonly {
    readonly value: Json;
    readonly faults: readonly { readonly field: string; readonly expected: string }[];
  }[];
  /** The same records may be seen again and again, as reads see them; then each counts once a window. */
  readonly repeats: boolean;
};

export type SourceWatch = {
  /** Returns at once and never throws: what cannot be sampled is left out. */
  readonly note: (seen: SeenRecords) => void;
};
