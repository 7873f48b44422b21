-- Watched sources: the baseline that what arrives is compared with, windows of it, and what was found.

-- One row a contract that is watched. Whoever adds to its windows, or changes its baseline, holds this row.
create table source_watches (
  tenant   text not null,
  contract text not null,
  -- 0 while there is none.
  baseline integer not null default 0,
  -- Looks at this baseline so far; each has spent its part of alpha.
  looks    integer not null default 0,
  windows  integer not null default 0,
  primary key (tenant, contract)
);

create table source_baselines (
  tenant      text not null,
  contract    text not null,
  number      integer not null,
  origin      text not null,
  records     bigint not null,
  quarantined bigint not null,
  -- The sample: AES-256-GCM under the tenant's key. Dropped with the next baseline.
  sealed      bytea,
  set_by      text not null,
  set_at      timestamptz not null default clock_timestamp(),
  primary key (tenant, contract, number)
);

create table source_windows (
  tenant      text not null,
  contract    text not null,
  number      integer not null,
  -- The baseline that it is compared with; 0 for one that is to become it.
  baseline    integer not null,
  state       text not null,
  records     bigint not null,
  quarantined bigint not null,
  -- The sample, sealed as above; gone once it was compared.
  sealed      bytea,
  opened_at   timestamptz not null default clock_timestamp(),
  closed_at   timestamptz,
  -- Whoever compares it holds it until then; a later claim has a higher epoch, and only the highest may write.
  claim       integer not null default 0,
  claimed_until timestamptz,
  look        integer,
  level       double precision,
  severe      integer not null default 0,
  notices     integer not null default 0,
  primary key (tenant, contract, number)
);
create unique index source_windows_open on source_windows (tenant, contract) where state = 'open';
create index source_windows_due on source_windows (tenant, contract, number) where state in ('open', 'closed');

create table source_findings (
  tenant       text not null,
  id           text not null,
  contract     text not null,
  baseline     integer not null,
  kind         text not null,
  field        text not null,
  severity     text not null,
  state        text not null,
  first_window integer not null,
  last_window  integer not null,
  windows      integer not null default 1,
  -- Sentence, evidence and picture, which may hold values: sealed as above.
  sealed       bytea not null,
  opened_at    timestamptz not null default clock_timestamp(),
  last_at      timestamptz not null default clock_timestamp(),
  decided_by   text,
  decided_at   timestamptz,
  reason       text,
  primary key (tenant, id)
);
-- What is found again while somebody knows of it is the same finding.
create unique index source_findings_known on source_findings (tenant, contract, baseline, kind, field) where state <> 'closed';
create index source_findings_severe on source_findings (tenant, contract) where state = 'open' and severity = 'severe';
