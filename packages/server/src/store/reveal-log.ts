/** Reveals of tokens in the ledger: the token, its class, who and why. */
import type { RevealLog } from "../kernel/control-store.ts";
import type { LedgerWriter } from "./ledger-writer.ts";

export function createRevealLog(writer: Pick<LedgerWriter, "append">): RevealLog {
  return {
    note: (tenant, { token, class: name, by, reason }) =>
      writer.append(tenant, () =>
        Promise.resolve({
          drafts: [{ kind: "token_revealed", body: { token, class: name, by, reason } }],
          value: undefined,
        }),
      ),
  };
}
