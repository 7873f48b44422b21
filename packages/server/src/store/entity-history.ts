/** All that was ever done to a business object, in the order in which it was done. */
import type { NewEffect } from "../kernel/entities/fold.ts";
import type { Queryable } from "./database.ts";
import { effectColumns, type EffectRow, toEffect } from "./entity-rows.ts";

export async function readHistory(tx: Queryable, tenant: string, entity: string): Promise<NewEffect[]> {
  const rows = await tx.query<EffectRow>({
    text: `select ${effectColumns} from entity_effects where tenant = $1 and entity = $2 order by seq`,
    values: [tenant, entity],
  });
  return rows.map(toEffect);
}
