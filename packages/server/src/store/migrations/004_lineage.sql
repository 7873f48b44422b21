-- Lineage that outlives observations: what each ended action cites, wrote and saw, found again by handles and by fact.

create table lineage (
  tenant     text not null,
  action     text not null,
  agent      text not null,
  tool       text not null,
  -- When its effect began; null where it wrote no declared fact.
  started_at timestamptz,
  ended_at   timestamptz not null,
  -- JSON, or null where there is none. Values stand in it as keyed digests.
  cites      text,
  wrote      text,
  -- 64-bit digests of everything it can be found by, the tenant included: see kernel/lineage/handle.ts.
  handles    bigint[] not null,
  primary key (tenant, action)
);
create index lineage_by_handle on lineage using gin (handles) with (fastupdate = off);
create index lineage_by_time on lineage (tenant, ended_at);

-- One row for each fact that an action saw. The key orders them as they are looked for.
create table lineage_sights (
  tenant       text not null,
  fact         text not null,
  -- The first 64 bits of keyed digests: of fact and key, and of the value.
  cited        bigint not null,
  fetched_at   timestamptz not null,
  id           text not null,
  action       text not null,
  key          text not null,
  value_digest bigint not null,
  version      text,
  as_of        timestamptz,
  source       text not null,
  batch        text,
  document     text,
  -- Where in the answer the value stands, and the record around it.
  path         text,
  item         text,
  -- It was looked up for the action, which rests on it.
  rests        boolean not null,
  primary key (tenant, fact, cited, fetched_at, id)
);
create index lineage_sights_by_batch on lineage_sights (tenant, batch) where batch is not null;
create index lineage_sights_by_document on lineage_sights (tenant, document) where document is not null;

-- The latest a source has claimed of a fact, whoever read it: a source that goes back in time is found out by it.
create index observations_by_claim on observations (tenant, fact, key, source, as_of desc) where as_of is not null;

-- What a person has said yes to.
create index sign_offs_by_person on sign_offs (tenant, by_name);
