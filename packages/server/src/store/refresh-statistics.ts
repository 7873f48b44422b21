/** Keeps the planner's statistics of growing tables young: a plan made for an empty table would read the whole of a full one. */
import type { Queryable } from "./database.ts";

/** Changed rows that make a small table worth looking at again. */
const changedMin = 500;

/**
 * Analyzes each of our tables that has changed more than it held when it was last analyzed, so a table that grows is
 * looked at once per doubling. The server's own autovacuum does the same, but only once a minute, and until then every
 * prepared statement keeps the plan of an empty table. New statistics make PostgreSQL plan them again.
 */
export async function refreshStatistics(db: Queryable): Promise<void> {
  const grown = await db.query<{ name: string }>({
    name: "statistics-old",
    text: `select quote_ident(s.schemaname) || '.' || quote_ident(s.relname) as name
           from pg_stat_user_tables s join pg_class c on c.oid = s.relid
           where s.schemaname = current_schema() and s.n_mod_since_analyze > $1 + greatest(c.reltuples, 0)`,
    values: [changedMin],
  });
  // The name is PostgreSQL's own, quoted by it; the command takes no parameters. Another node may be at it already.
  for (const { name } of grown) await db.query({ text: `analyze (skip_locked) ${name}` });
}
