/** Reveals of tokens in the ledger: the token, its class, who and why; so many an hour for each person. */
import { AirworthyError } from "@airworthy/contract";

import type { RevealLog } from "../kernel/control-store.ts";
import type { Queryable } from "./database.ts";
import type { LedgerWriter } from "./ledger-writer.ts";

/** Who has to see more than this at once needs an export from the source, not tokens one by one. */
const hourlyMax = 30;

export function createRevealLog(writer: Pick<LedgerWriter, "append">): RevealLog {
  return {
    note: async (tenant, { token, class: name, by, reason }) => {
      const isCounted = await writer.append(tenant, async (tx) => {
        if (!(await count(tx, tenant, by))) return { drafts: [], value: false };
        return { drafts: [{ kind: "token_revealed", body: { token, class: name, by, reason } }], value: true };
      });
      // Thrown out here: in there the writer would take it for a failure that passes, and try again.
      if (!isCounted) throw tooMany(by);
    },
  };
}

/** One row a person, and the count of one hour: what was refused does not count. */
async function count(tx: Queryable, tenant: string, person: string): Promise<boolean> {
  const rows = await tx.query({
    text: `insert into reveal_counts as c (tenant, person) values ($1, $2)
           on conflict (tenant, person) do update set
             count = case when c.since < clock_timestamp() - interval '1 hour' then 1 else c.count + 1 end,
             since = case when c.since < clock_timestamp() - interval '1 hour' then clock_timestamp() else c.since end
           where c.count < $3 or c.since < clock_timestamp() - interval '1 hour'
           returning 1 as counted`,
    values: [tenant, person, hourlyMax],
  });
  return rows.length > 0;
}

function tooMany(by: string): AirworthyError {
  return new AirworthyError("rate_limited", `${by} has turned back ${hourlyMax} tokens within an hour.`, {
    retryable: true,
    fix: "Wait until the hour is over. Whoever needs many values asks the source for them.",
  });
}
