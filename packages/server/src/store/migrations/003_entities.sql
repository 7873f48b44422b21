-- What was done to each business object, by agents and by people, and what stands of it.

-- Standing states, open holds, net amounts and recent effects, kept beside the version that it is of: one look shows both.
alter table entities add column picture text;

create table entity_effects (
  tenant          text not null,
  entity          text not null,
  -- The version of the business object that this effect made: effects on one object are in this order.
  seq             bigint not null,
  -- The action, or eff_… for what a person put on record.
  id              text not null,
  touched         boolean not null,
  by_kind         text not null,
  by_name         text not null,
  tool            text,
  status          text not null,
  state           text,
  contradicts     text[] not null,
  ends            text[] not null,
  hold            text,
  releases        text,
  flow            text,
  minor           bigint,
  currency        text,
  reason          text,
  compensated_by  text,
  idempotency_key text,
  at              timestamptz not null,
  ended_at        timestamptz,
  primary key (tenant, entity, seq)
);
create index entity_effects_by_id on entity_effects (tenant, id);
create unique index entity_effects_keyed on entity_effects (tenant, entity, idempotency_key) where idempotency_key is not null;
