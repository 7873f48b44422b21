-- Lineage that outlives observations: of each ended action what it cites, saw and wrote, found again by handles.

create table lineage (
  tenant     text not null,
  action     text not null,
  agent      text not null,
  tool       text not null,
  -- When its effect began; null where it wrote nothing.
  started_at timestamptz,
  ended_at   timestamptz not null,
  -- JSON, or null where there is none. Values stand in them as keyed digests.
  cites      text,
  saw        text,
  wrote      text,
  -- 64-bit digests of everything it can be found by, the tenant included: see kernel/lineage/handle.ts.
  handles    bigint[] not null,
  primary key (tenant, action)
);
create index lineage_by_handle on lineage using gin (handles) with (fastupdate = off);
create index lineage_by_time on lineage (tenant, ended_at);

-- The latest a source has claimed of a fact, whoever read it: a source that goes back in time is found out by it.
create index observations_by_claim on observations (tenant, fact, key, source, as_of desc) where as_of is not null;

-- What a person has said yes to.
create index sign_offs_by_person on sign_offs (tenant, by_name);
