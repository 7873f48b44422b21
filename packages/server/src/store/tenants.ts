/** Whether a tenant exists: nothing is written for one that does not. */
import { AirworthyError } from "@airworthy/contract";

import type { Queryable } from "./database.ts";

/** @throws AirworthyError `not_found`. */
export async function assertTenant(db: Queryable, tenant: string): Promise<void> {
  const rows = await db.query({ text: "select 1 from tenants where tenant = $1", values: [tenant] });
  if (rows.length === 0) throw noSuchTenant(tenant);
}

export async function readTenants(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ tenant: string }>({ text: "select tenant from tenants order by tenant" });
  return rows.map(({ tenant }) => tenant);
}

export function noSuchTenant(tenant: string): AirworthyError {
  return new AirworthyError("not_found", `There is no tenant ${JSON.stringify(tenant)}.`, {
    place: "header Airworthy-Tenant",
    fix: "Correct its name; a tenant begins with the first configuration that is planned or applied for it.",
  });
}
