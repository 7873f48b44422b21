/** Reads the key of one tenant, from which the keys of its several uses are derived. */
import type { Database } from "./database.ts";
import { noSuchTenant } from "./tenants.ts";

/** @throws AirworthyError when there is no such tenant. */
export async function readTenantKey(db: Pick<Database, "query">, tenant: string): Promise<Buffer> {
  const [row] = await db.query<{ digest_key: Buffer }>({
    text: "select digest_key from tenants where tenant = $1",
    values: [tenant],
  });
  if (!row) throw noSuchTenant(tenant);
  return row.digest_key;
}
