/** The actions of a run, or one action, newest first: what a rollback is planned on. */
import type { RecallSelector } from "@airworthy/contract";

import type { StoredAction } from "../kernel/action-store.ts";
import { type ActionRow, actionColumns, toStoredAction } from "./action-rows.ts";
import type { Queryable } from "./database.ts";

export async function readRollbackActions(
  db: Queryable,
  tenant: string,
  selector: RecallSelector,
): Promise<StoredAction[]> {
  if (selector.from !== "action" && selector.from !== "run") return [];
  const [column, value] = selector.from === "action" ? ["id", selector.action] : ["run", selector.run];
  const rows = await db.query<ActionRow>({
    text: `select ${actionColumns} from actions where tenant = $1 and ${column} = $2 order by id desc`,
    values: [tenant, value],
  });
  return rows.map(toStoredAction);
}

/** Those of these actions whose effects were taken back. */
export async function readCompensated(
  db: Queryable,
  tenant: string,
  actions: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db.query<{ action: string }>({
    text: "select action from effects where tenant = $1 and action = any($2) and compensated_by is not null",
    values: [tenant, actions],
  });
  return new Set(rows.map((row) => row.action));
}
