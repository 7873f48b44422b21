/** The ciphers of the tenants: each is made once from the tenant's key. */
import type { Database } from "./database.ts";
import { noSuchTenant } from "./tenants.ts";
import { createValueCipher, type ValueCipher } from "./value-cipher.ts";

export type TenantCiphers = (tenant: string) => Promise<ValueCipher>;

export function createTenantCiphers(db: Database): TenantCiphers {
  const ciphers = new Map<string, Promise<ValueCipher>>();
  return (tenant) => {
    const known = ciphers.get(tenant) ?? readCipher(db, tenant);
    ciphers.set(tenant, known);
    // A failure is not remembered: the next caller asks again.
    known.catch(() => ciphers.delete(tenant));
    return known;
  };
}

async function readCipher(db: Database, tenant: string): Promise<ValueCipher> {
  const [row] = await db.query<{ digest_key: Buffer }>({
    text: "select digest_key from tenants where tenant = $1",
    values: [tenant],
  });
  if (!row) throw noSuchTenant(tenant);
  return createValueCipher(row.digest_key);
}
