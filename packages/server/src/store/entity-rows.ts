/** The row of an effect on a business object, and the effect that people and pictures see of it. */
import type { Actor, EffectStatus, EntityEffect } from "@airworthy/contract";

import type { NewEffect } from "../kernel/entities/fold.ts";

export type EffectRow = {
  readonly seq: number;
  readonly id: string;
  readonly touched: boolean;
  readonly by_kind: string;
  readonly by_name: string;
  readonly tool: string | null;
  readonly status: string;
  readonly state: string | null;
  readonly contradicts: readonly string[];
  readonly ends: readonly string[];
  readonly hold: string | null;
  readonly releases: string | null;
  readonly flow: string | null;
  readonly minor: number | null;
  readonly currency: string | null;
  readonly reason: string | null;
  readonly compensated_by: string | null;
  readonly at: Date;
};

export const effectColumns =
  "seq, id, touched, by_kind, by_name, tool, status, state, contradicts, ends, hold, releases, flow, minor, currency, " +
  "reason, compensated_by, at";

export function toEffectRow(begun: {
  readonly entity: string;
  readonly effect: NewEffect;
  readonly idempotencyKey: string | undefined;
}): object {
  const { entity, effect, idempotencyKey } = begun;
  const { by, amount, touched = false, contradicts = [], ends = [], ...rest } = effect;
  return {
    ...rest,
    entity,
    touched,
    contradicts,
    ends,
    by_kind: by.kind,
    by_name: by.name,
    minor: amount?.minor,
    currency: amount?.currency,
    idempotency_key: idempotencyKey,
  };
}

/** The store holds what it was given; what is absent is left out. */
export function toEffect(row: EffectRow): NewEffect {
  return { ...toDeed(row), ...toOutcome(row) };
}

function toDeed(row: EffectRow) {
  return {
    id: row.id as EntityEffect["id"],
    seq: row.seq,
    by: { kind: row.by_kind as Actor["kind"], name: row.by_name },
    at: row.at.toISOString(),
    status: row.status as EffectStatus,
    ...(row.tool === null ? {} : { tool: row.tool }),
    ...(row.touched ? { touched: true } : {}),
    ...(row.reason === null ? {} : { reason: row.reason }),
    ...(row.compensated_by === null ? {} : { compensatedBy: row.compensated_by }),
  };
}

function toOutcome(row: EffectRow) {
  return {
    ...(row.state === null ? {} : { state: row.state }),
    ...(row.contradicts.length === 0 ? {} : { contradicts: [...row.contradicts] }),
    ...(row.ends.length === 0 ? {} : { ends: [...row.ends] }),
    ...(row.hold === null ? {} : { hold: row.hold as "place" | "release" }),
    ...(row.releases === null ? {} : { releases: row.releases }),
    ...(row.flow === null ? {} : { flow: row.flow as "in" | "out" }),
    ...(row.minor === null || row.currency === null ? {} : { amount: { minor: row.minor, currency: row.currency } }),
  };
}
