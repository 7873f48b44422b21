-- Data classes: which values carry which class, what tokens stand for; and the person on whose behalf an action is done.

-- Keyed digests of the forms of values that a tool's answer declared to be of a class, whoever read them.
create table classed_values (
  tenant  text not null,
  digest  bytea not null,
  class   text not null,
  seen_at timestamptz not null default clock_timestamp(),
  primary key (tenant, digest, class)
);
create index classed_values_by_age on classed_values (tenant, seen_at);

create table class_tokens (
  tenant     text not null,
  token      text not null,
  class      text not null,
  -- The value: AES-256-GCM under the tenant's key, bound to the token.
  sealed     bytea not null,
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant, token)
);

-- The verified claim, as JSON: issuer, person, attributes.
alter table actions add column on_behalf_of text;
