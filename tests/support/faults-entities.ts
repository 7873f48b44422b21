/** After the fire, every business object's picture is what its effects make of it, and nobody holds it any more. */
import { rebuildPicture } from "../../packages/server/src/kernel/entities/fold.ts";
import type { Picture } from "../../packages/server/src/kernel/entities/picture.ts";
import { type EffectRow, toEffect } from "../../packages/server/src/store/entity-rows.ts";
import { readPicture } from "../../packages/server/src/store/read-picture.ts";
import type { Finding } from "./faults-check.ts";
import type { DatabaseProcess } from "./faults-process.ts";

type ObjectRow = {
  readonly entity: string;
  readonly version: number;
  readonly holder: string | null;
  readonly picture: string;
};
type HistoryRow = EffectRow & { readonly entity: string; readonly state_of_effect: string | null };

export async function checkEntities(database: DatabaseProcess): Promise<Finding[]> {
  const rule = "pictures tell the truth";
  const objects = await database.query<ObjectRow>(
    "select entity, version::float8 as version, holder, picture from entities where version > 0",
  );
  const rows = await database.query<HistoryRow>(
    `select x.entity, x.seq::float8 as seq, x.id, x.touched, x.by_kind, x.by_name, x.tool, x.status, x.state, x.contradicts,
            x.ends, x.hold, x.releases, x.flow, x.minor::float8 as minor, x.currency, x.reason, x.compensated_by, x.at,
            e.state as state_of_effect
     from entity_effects x left join effects e on e.tenant = x.tenant and e.action = x.id order by x.entity, x.seq`,
  );
  const history = groupByEntity(rows);
  return [
    ...objects.flatMap(({ entity, holder }) =>
      holder === null ? [] : [{ rule, detail: `${entity} is still held by ${holder}` }],
    ),
    ...rows
      .filter(({ status, state_of_effect: state }) => status !== state)
      .map(({ entity, id, status, state_of_effect: state }) => ({
        rule,
        detail: `${id} is ${status} on ${entity}, its effect ${state}`,
      })),
    ...objects.flatMap(({ entity, picture }) => {
      const [kept, anew] = [readPicture(picture), rebuildPicture((history.get(entity) ?? []).map(toEffect))].map(tell);
      return kept === anew ? [] : [{ rule, detail: `${entity}: the picture says ${kept}, its effects ${anew}` }];
    }),
  ];
}

const tell = ({ effects, net }: Picture): string =>
  JSON.stringify({ effects: effects.map(({ id, status, stands, holds }) => [id, status, stands, holds]), net });

function groupByEntity(rows: readonly HistoryRow[]): Map<string, HistoryRow[]> {
  const groups = new Map<string, HistoryRow[]>();
  for (const row of rows) groups.set(row.entity, [...(groups.get(row.entity) ?? []), row]);
  return groups;
}
