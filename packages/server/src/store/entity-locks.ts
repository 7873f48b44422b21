/**
 * The business objects of a transaction: locked all at once in the order of their keys, changed in memory, written back in
 * one statement with the effects that changed them. Whoever locks them does so before any other row.
 */
import type { EffectStatus } from "@airworthy/contract";

import { beginEffect, endEffect, type NewEffect, rebuildPicture } from "../kernel/entities/fold.ts";
import { emptyPicture, type Picture } from "../kernel/entities/picture.ts";
import type { Transaction } from "./database.ts";
import { toEffectRow } from "./entity-rows.ts";
import { readHistory } from "./entity-history.ts";
import { readPicture } from "./read-picture.ts";

/** `holder`: the action whose effect on it is under way. */
type LockedEntity = { readonly version: number; readonly holder: string | null; readonly picture: Picture };
type Begun = { readonly entity: string; readonly effect: NewEffect; readonly idempotencyKey: string | undefined };

export type EntityLocks = {
  readonly get: (key: string) => LockedEntity;
  /** The effect makes the next version; `effect.seq` is set to it. An action holds the object until its effect ends. */
  readonly begin: (
    key: string,
    effect: Omit<NewEffect, "seq">,
    of?: { readonly holder?: string; readonly idempotencyKey?: string | undefined },
  ) => void;
  /** Does nothing to an object that the effect neither holds nor stands on. */
  readonly end: (key: string, id: string, status: Exclude<EffectStatus, "started">) => void;
  /** Makes the picture anew from all effects there are, as they are by now. Slow on a long history. */
  readonly rebuild: (key: string) => Promise<void>;
  /** The effect was taken back by this action: it no longer counts in any picture. */
  readonly takeBack: (key: string, id: string, by: string) => Promise<void>;
  readonly write: () => void;
};

/** `begins`: those on which an effect may begin; they come into being if they are not there. */
export async function lockEntities(
  tx: Transaction,
  tenant: string,
  { begins, ends }: { readonly begins: readonly string[]; readonly ends: readonly string[] },
): Promise<EntityLocks> {
  const rows = new Map(await lockRows(tx, tenant, { begins, ends }));
  const changed = new Set<string>();
  const begun: Begun[] = [];
  const ended = new Map<string, EffectStatus>();
  const get = (key: string): LockedEntity => rows.get(key) ?? { version: 0, holder: null, picture: emptyPicture };
  const set = (key: string, entity: LockedEntity): void => {
    rows.set(key, entity);
    changed.add(key);
  };
  const rebuild = async (key: string): Promise<void> => {
    const was = get(key);
    const history = (await readHistory(tx, tenant, key)).map((one) => ({
      ...one,
      status: ended.get(one.id) ?? one.status,
    }));
    const own = begun.filter((one) => one.entity === key).map(({ effect }) => effect);
    set(key, { ...was, version: was.version + 1, picture: rebuildPicture([...history, ...own]) });
  };
  return {
    get,
    begin: (key, effect, { holder, idempotencyKey } = {}) => {
      const was = get(key);
      const next = { ...effect, seq: was.version + 1 };
      begun.push({ entity: key, effect: next, idempotencyKey });
      set(key, { version: next.seq, holder: holder ?? was.holder, picture: beginEffect(was.picture, next) });
    },
    end: (key, id, status) => {
      const was = get(key);
      const picture = endEffect(was.picture, id, status);
      // A truncated picture may not hold it any more, and its row must tell its end all the same.
      if (picture === was.picture && was.holder !== id && !was.picture.truncated) return;
      ended.set(id, status);
      // What was read of it while the effect was under way may be of before it: so the version rises once more.
      set(key, { version: was.version + 1, holder: was.holder === id ? null : was.holder, picture });
    },
    rebuild,
    takeBack: async (key, id, by) => {
      tx.write({
        text: `update entity_effects set compensated_by = $4
               where tenant = $1 and entity = $2 and id = $3 and compensated_by is null`,
        values: [tenant, key, id, by],
      });
      await rebuild(key);
    },
    write: () => {
      if (changed.size > 0)
        writeEntities(tx, tenant, {
          changed: [...changed].map((key) => ({ entity: key, ...get(key) })),
          begun,
          ended,
        });
    },
  };
}

type Keys = { readonly begins: readonly string[]; readonly ends: readonly string[] };

async function lockRows(tx: Transaction, tenant: string, { begins, ends }: Keys): Promise<[string, LockedEntity][]> {
  const keys = [...new Set([...begins, ...ends])].toSorted();
  if (keys.length === 0) return [];
  const made = [...new Set(begins)].toSorted();
  const [, rows] = await Promise.all([
    made.length > 0 &&
      tx.query({
        name: "make-entities",
        text: `insert into entities (tenant, entity) select $1, unnest($2::text[]) on conflict do nothing`,
        values: [tenant, made],
      }),
    tx.query<{ entity: string; version: number; holder: string | null; picture: string | null }>({
      name: "lock-entities",
      text: `select entity, version, holder, picture from entities where tenant = $1 and entity = any($2)
             order by entity for update`,
      values: [tenant, keys],
    }),
  ]);
  return rows.map(({ entity, version, holder, picture }) => [
    entity,
    { version, holder, picture: readPicture(picture) },
  ]);
}

type Changes = {
  readonly changed: readonly (LockedEntity & { readonly entity: string })[];
  readonly begun: readonly Begun[];
  readonly ended: ReadonlyMap<string, EffectStatus>;
};

function writeEntities(tx: Transaction, tenant: string, { changed, begun, ended }: Changes): void {
  tx.write({
    name: "write-entities",
    text: `with objects as (
             update entities e set version = r.version, holder = r.holder, picture = r.picture
             from json_to_recordset($2::json) as r(entity text, version bigint, holder text, picture text)
             where e.tenant = $1 and e.entity = r.entity),
           begun as (
             insert into entity_effects (tenant, entity, seq, id, touched, by_kind, by_name, tool, status, state, contradicts,
                                         ends, hold, releases, flow, minor, currency, reason, idempotency_key, at, ended_at)
             select $1, entity, seq, id, touched, by_kind, by_name, tool, status, state, contradicts,
                    ends, hold, releases, flow, minor, currency, reason, idempotency_key, at,
                    case when status = 'started' then null else at end
             from json_to_recordset($3::json)
               as r(entity text, seq bigint, id text, touched boolean, by_kind text, by_name text, tool text, status text,
                    state text, contradicts text[], ends text[], hold text, releases text, flow text, minor bigint,
                    currency text, reason text, idempotency_key text, at timestamptz))
           update entity_effects x set status = r.status, ended_at = clock_timestamp()
           from json_to_recordset($4::json) as r(id text, status text)
           where x.tenant = $1 and x.id = r.id`,
    values: [
      tenant,
      JSON.stringify(changed.map((one) => ({ ...one, picture: JSON.stringify(one.picture) }))),
      JSON.stringify(begun.map(toEffectRow)),
      JSON.stringify([...ended].map(([id, status]) => ({ id, status }))),
    ],
  });
}
