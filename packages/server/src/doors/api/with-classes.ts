/** Says of the facts that a page shows which classes of data they are of: whoever reads it knows what they have before them. */
import type { DataUse, FactUsed, Snapshot } from "@airworthy/contract";

import type { WalkDeps } from "../../dataplane/walk.ts";
import type { Principal } from "../../kernel/action-walk.ts";

type Page = { readonly facts: FactUsed[]; readonly data?: DataUse[] | undefined };

export async function withClasses<T extends Page>(
  page: T,
  { snapshot, principal }: { readonly snapshot: Snapshot; readonly principal: Pick<Principal, "tenant"> },
  { data }: Pick<WalkDeps, "data">,
): Promise<T> {
  const seen = await data.look({ tenant: principal.tenant, snapshot }, page.facts);
  return seen.length === 0 ? page : { ...page, data: [...(page.data ?? []), ...seen] };
}
