/** The port that erases what tokens stand for. */
import type { TokenErasure } from "@airworthy/contract";

export type Erasure = {
  /** Resolves when it is durable. What was erased before stays so; `by` and `reason` go into the ledger, values never. */
  readonly erase: (
    tenant: string,
    what: { readonly tokens: readonly string[]; readonly by: string; readonly reason: string },
  ) => Promise<{ readonly tokens: TokenErasure[]; readonly observations: number }>;
};
