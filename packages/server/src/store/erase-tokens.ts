/** Erases the values behind tokens: the sealed value, and what agents have read of it; the ledger says who, why and which tokens. */
import type { Json, TokenErasure } from "@airworthy/contract";

import type { ClassStore } from "../kernel/classes/class-store.ts";
import type { Erasure } from "../kernel/classes/erasure.ts";
import type { Observations } from "../kernel/deps.ts";
import type { Database, Queryable } from "./database.ts";
import type { LedgerWriter } from "./ledger-writer.ts";

type Ports = {
  readonly db: Database;
  readonly writer: Pick<LedgerWriter, "append">;
  readonly classes: Pick<ClassStore, "reveal">;
  readonly observations: Pick<Observations, "digest">;
};

export function createErasure({ db, writer, classes, observations }: Ports): Erasure {
  return {
    erase: async (tenant, { tokens, by, reason }) => {
      const asked = [...new Set(tokens)].toSorted();
      const known = await classes.reveal(tenant, asked);
      const values = [...known.values()].flatMap((one) => ("value" in one ? [one.value] : []));
      const digests = await Promise.all(values.map((value: Json) => observations.digest(tenant, value)));
      // Reads first: once the value is gone, nothing could find them, and whoever repeats this after a crash must.
      const forgotten = await forgetReads(db, tenant, digests);
      return writer.append(tenant, async (tx) => {
        const erased = await eraseSealed(tx, tenant, { asked, by });
        const states = asked.map((token): TokenErasure => {
          const one = known.get(token);
          if (!one) return { token, state: "unknown" };
          return { token, state: erased.has(token) ? "erased" : "already_erased", class: one.class };
        });
        const body = { tokens: [...erased], observations: forgotten, by, reason };
        const drafts = erased.size > 0 ? [{ kind: "data_erased" as const, body }] : [];
        return { drafts, value: { tokens: states, observations: forgotten } };
      });
    },
  };
}

async function forgetReads(db: Queryable, tenant: string, digests: readonly string[]): Promise<number> {
  if (digests.length === 0) return 0;
  const [row] = await db.query<{ count: number }>({
    text: `with gone as (delete from observations where tenant = $1 and value_digest = any($2) returning 1)
           select count(*)::int as count from gone`,
    values: [tenant, digests],
    answerWithinMs: 60_000,
  });
  return row?.count ?? 0;
}

async function eraseSealed(
  tx: Queryable,
  tenant: string,
  { asked, by }: { readonly asked: readonly string[]; readonly by: string },
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ token: string }>({
    text: `update class_tokens set sealed = null, erased_at = clock_timestamp(), erased_by = $3
           where tenant = $1 and token = any($2) and sealed is not null returning token`,
    values: [tenant, asked, by],
  });
  return new Set(rows.map(({ token }) => token));
}
