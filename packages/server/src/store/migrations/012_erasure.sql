-- Tokens whose values were erased, and how many tokens a person has turned back lately.

alter table class_tokens alter column sealed drop not null;
alter table class_tokens add column erased_at timestamptz;
alter table class_tokens add column erased_by text;
alter table class_tokens add constraint class_tokens_erased check ((sealed is null) = (erased_at is not null));

create table reveal_counts (
  tenant text not null,
  person text not null,
  -- The hour that is counted begins with its first reveal.
  since  timestamptz not null default clock_timestamp(),
  count  integer not null default 1,
  primary key (tenant, person)
);
