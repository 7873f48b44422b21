/** The newest value of a fact that sources have pushed. */
import type { Json } from "@airworthy/contract";

import type { Observations } from "../kernel/deps.ts";
import type { Queryable } from "./database.ts";

type Row = {
  readonly value: string;
  readonly source: string;
  readonly version: string | null;
  readonly batch: string;
  readonly as_of: number | null;
  readonly received_at: number;
};

export async function readPushedFact(
  db: Queryable,
  tenant: string,
  { fact, key }: { readonly fact: string; readonly key: string },
): ReturnType<Observations["pushed"]> {
  const [row] = await db.query<Row>({
    name: "pushed-fact",
    text: `select value, source, version, batch, extract(epoch from as_of)::float8 * 1000 as as_of,
                  extract(epoch from received_at)::float8 * 1000 as received_at
           from pushed_facts where tenant = $1 and fact = $2 and key = $3`,
    values: [tenant, fact, key],
  });
  return (
    row && {
      value: JSON.parse(row.value) as Json,
      source: row.source,
      ...(row.version === null ? {} : { version: row.version }),
      ...(row.as_of === null ? {} : { asOf: row.as_of }),
      batch: row.batch,
      receivedAt: row.received_at,
    }
  );
}
