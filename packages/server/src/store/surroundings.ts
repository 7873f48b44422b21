/** What stands around an action, read in one look: repeats of the same call, its business objects, what budgets have used. */
import type { Surroundings } from "../kernel/deps.ts";
import type { Database } from "./database.ts";
import { readPicture } from "./read-picture.ts";

export function createSurroundings(db: Database): Surroundings {
  return {
    recallRuns: async (tenant, recall) => {
      const rows = await db.query({
        text: "select 1 from recalls where tenant = $1 and id = $2 and status = 'running'",
        values: [tenant, recall],
      });
      return rows.length > 0;
    },
    entities: async (tenant, keys) => {
      const rows = await db.query<{ entity: string; version: number; holder: string | null; picture: string | null }>({
        name: "look-at-entities",
        text: "select entity, version, holder, picture from entities where tenant = $1 and entity = any($2)",
        values: [tenant, keys],
      });
      return rows.map(({ entity, version, holder, picture }) => ({
        key: entity,
        version,
        holder: holder ?? undefined,
        picture: readPicture(picture),
      }));
    },
    standing: async (tenant, { action, callDigest, budgets }) => {
      const [row] = await db.query<{ repeats: number; used: number[] }>({
        name: "standing",
        text: `select
                 (select count(*)::int from actions where tenant = $1 and call_digest = $2 and id <> $3
                    and proposed_at > clock_timestamp() - interval '10 minutes') as repeats,
                 array(select coalesce(b.used_minor, 0)::float8
                       from unnest($4::text[], $5::text[]) with ordinality as r(budget, window_name, place)
                       left join budget_windows b
                         on b.tenant = $1 and b.budget = r.budget and b.window_name = r.window_name
                       order by r.place) as used`,
        values: [tenant, callDigest, action, budgets.map((b) => b.name), budgets.map((b) => b.window)],
      });
      return { repeats: row?.repeats ?? 0, usedMinor: row?.used ?? [] };
    },
  };
}
