/** Business objects as people read them, and what people put on record about them. */
import { AirworthyError, type ActionId, type EntityNote, type EntityRecord } from "@airworthy/contract";

import type { EntityStore } from "../kernel/control-store.ts";
import { findConflicts } from "../kernel/entities/find-conflicts.ts";
import type { NewEffect } from "../kernel/entities/fold.ts";
import { type PictureEffect, toShown } from "../kernel/entities/picture.ts";
import { newId } from "../kernel/ids.ts";
import type { Database, Queryable, Transaction } from "./database.ts";
import { lockEntities } from "./entity-locks.ts";
import { effectColumns, type EffectRow, toEffect } from "./entity-rows.ts";
import type { LedgerWriter } from "./ledger-writer.ts";
import { readPicture } from "./read-picture.ts";

export function createEntityStore(db: Database, writer: LedgerWriter): EntityStore {
  return {
    read: (tenant, page) =>
      db.transaction(async (tx) => {
        // Picture and timeline are written together, so they must be read together.
        await tx.query({ text: "set transaction isolation level repeatable read, read only" });
        return readEntity(tx, tenant, page);
      }),
    note: (tenant, { note, by }) => writer.append(tenant, (tx) => writeNote(tx, tenant, { note, by })),
  };
}

type EntityRow = { readonly version: number; readonly holder: string | null; readonly picture: string | null };

async function readEntity(
  tx: Queryable,
  tenant: string,
  { entity, before, limit }: Parameters<EntityStore["read"]>[1],
): Promise<EntityRecord | undefined> {
  const [row] = await tx.query<EntityRow>({
    text: "select version, holder, picture from entities where tenant = $1 and entity = $2",
    values: [tenant, entity],
  });
  if (!row || row.version === 0) return undefined;
  const picture = readPicture(row.picture);
  const effects = await tx.query<EffectRow>({
    text: `select ${effectColumns} from entity_effects
           where tenant = $1 and entity = $2 and ($3::bigint is null or seq < $3) order by seq desc limit $4`,
    values: [tenant, entity, before, limit],
  });
  const kept = new Map(picture.effects.map((one) => [one.id, one]));
  const last = effects.at(-1);
  return {
    entity,
    version: row.version,
    ...(row.holder === null ? {} : { holder: row.holder as ActionId }),
    states: picture.effects.filter((one) => one.stands).map(toShown),
    holds: picture.effects.filter((one) => one.holds).map(toShown),
    conflicts: findConflicts(picture.effects),
    net: Object.entries(picture.net).map(([currency, net]) => ({ currency, ...net })),
    complete: !picture.truncated,
    effects: effects.map((each) => {
      const { stands = false, holds = false } = kept.get(each.id as NewEffect["id"]) ?? {};
      return toShown({ ...toEffect(each), stands, holds });
    }),
    ...(effects.length === limit && last ? { next: last.seq } : {}),
  };
}

const shownAfterNote = 20;

async function writeNote(tx: Transaction, tenant: string, { note, by }: Parameters<EntityStore["note"]>[1]) {
  const { entity, idempotencyKey } = note;
  const locks = await lockEntities(tx, tenant, { begins: [entity], ends: [] });
  const answer = async () => {
    const record = await readEntity(tx, tenant, { entity, before: undefined, limit: shownAfterNote });
    if (!record) throw new AirworthyError("internal", `What was noted on ${entity} was not written.`);
    return record;
  };
  const [clock] = await tx.query<{ now: Date }>({ text: "select clock_timestamp() as now" });
  const effect = effectOf(note, { by, at: clock?.now.toISOString() ?? "" });
  const before = idempotencyKey === undefined ? undefined : await findNote(tx, tenant, { entity, idempotencyKey });
  if (before) {
    assertSame(before, effect);
    return { drafts: [], value: await answer() };
  }
  assertReleases(locks.get(entity).picture.effects, note);
  if (locks.get(entity).picture.truncated) await locks.rebuild(entity);
  locks.begin(entity, effect, { idempotencyKey });
  locks.write();
  const draft = { kind: "entity_effect" as const, entity, status: "done", body: { effect, reason: note.reason } };
  return { drafts: [draft], value: await answer() };
}

function effectOf(note: EntityNote, { by, at }: { readonly by: string; readonly at: string }): Omit<NewEffect, "seq"> {
  const { reason, state, contradicts = [], ends = [], hold, releases, money } = note;
  return {
    id: newId("eff"),
    by: { kind: "person", name: by },
    at,
    status: "done",
    reason,
    ...(state === undefined ? {} : { state }),
    ...(contradicts.length === 0 ? {} : { contradicts }),
    ...(ends.length === 0 ? {} : { ends }),
    ...(hold === undefined ? {} : { hold }),
    ...(releases === undefined ? {} : { releases }),
    ...(money ? { amount: { minor: money.minor, currency: money.currency }, flow: money.flow } : {}),
  };
}

async function findNote(
  tx: Queryable,
  tenant: string,
  at: { readonly entity: string; readonly idempotencyKey: string },
): Promise<NewEffect | undefined> {
  const [row] = await tx.query<EffectRow>({
    text: `select ${effectColumns} from entity_effects where tenant = $1 and entity = $2 and idempotency_key = $3`,
    values: [tenant, at.entity, at.idempotencyKey],
  });
  return row && toEffect(row);
}

/** The same key again is the same note, or a mistake. */
function assertSame(before: NewEffect, effect: Omit<NewEffect, "seq">): void {
  const told = (one: Partial<NewEffect>): string =>
    JSON.stringify(
      Object.entries({ ...one, id: "", at: "", seq: 0, compensatedBy: "" }).toSorted(([a], [b]) => (a < b ? -1 : 1)),
    );
  if (told(before) === told(effect)) return;
  throw new AirworthyError("idempotency_mismatch", "This idempotency key was used for another note on it.", {
    place: "$.idempotencyKey",
    fix: "Use a new key for a new note.",
  });
}

function assertReleases(effects: readonly PictureEffect[], { hold, releases, entity }: EntityNote): void {
  if (releases !== undefined && hold !== "release") {
    throw new AirworthyError("invalid_input", "`releases` names a hold, and this note does not release one.", {
      place: "$.releases",
      fix: 'Say hold: "release" as well.',
    });
  }
  if (hold !== "release" || effects.some((one) => one.holds && (releases === undefined || one.id === releases))) return;
  throw new AirworthyError("conflict", `There is no such open hold on ${entity}.`, {
    place: releases === undefined ? "$.hold" : "$.releases",
    fix: "See which holds are open: GET /v1/entities/{entity}.",
  });
}
