-- The spine: control, actions, effects, approvals, budgets, observations and the ledger.
-- Rules (docs/decisions/0001-one-store.md): tenant is first in every key; no sequences; ids and positions come from the application.

create table tenants (
  tenant     text primary key,
  digest_key bytea not null,
  created_at timestamptz not null default clock_timestamp()
);

-- One row a tenant. Every change of control (snapshot, stop) raises the epoch; a redemption that saw another epoch walks again.
create table control (
  tenant           text primary key references tenants,
  epoch            bigint not null default 1,
  snapshot_version bigint not null default 0
);

create table snapshots (
  tenant       text not null,
  version      bigint not null,
  digest       text not null,
  content      text not null,
  files        text not null,
  published_by text not null,
  published_at timestamptz not null default clock_timestamp(),
  primary key (tenant, version)
);

create table stops (
  tenant    text not null,
  id        text not null,
  scope     text not null,
  mode      text not null,
  reason    text not null,
  set_by    text not null,
  set_at    timestamptz not null default clock_timestamp(),
  lifted_at timestamptz,
  lifted_by text,
  primary key (tenant, id)
);
create index stops_in_force on stops (tenant) where lifted_at is null;

-- Keys are stored as SHA-256 only; they carry 256 random bits, so a slow hash would add nothing.
create table api_keys (
  tenant     text not null,
  id         text not null,
  hash       bytea not null,
  kind       text not null,
  name       text not null,
  created_by text not null,
  created_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz,
  revoked_at timestamptz,
  primary key (tenant, id),
  unique (tenant, hash)
);

-- The working row of an action. What happened, for evidence, is in the ledger.
create table actions (
  tenant           text not null,
  id               text not null,
  agent            text not null,
  tool             text not null,
  status           text not null,
  call_digest      text not null,
  idempotency_key  text,
  arguments        text not null,
  arguments_digest text not null,
  run              text,
  confidence       double precision,
  rationale        text,
  protocol         text,
  walk             integer not null default 1,
  walk_until       timestamptz not null,
  owed             boolean not null default false,
  entity           text,
  approval         text,
  record           text,
  result           text,
  proposed_at      timestamptz not null default clock_timestamp(),
  updated_at       timestamptz not null default clock_timestamp(),
  primary key (tenant, id)
);
-- The same call joins an action that is not over, or that its proposer has not yet heard the end of.
create unique index actions_open on actions (tenant, call_digest)
  where status in ('running', 'waiting', 'queued', 'unknown') or owed;
create unique index actions_keyed on actions (tenant, agent, idempotency_key) where idempotency_key is not null;
create index actions_repeats on actions (tenant, call_digest, proposed_at);
create index actions_unfinished on actions (tenant, status, walk_until) where status in ('running', 'waiting', 'queued');
create index actions_by_agent on actions (tenant, agent, id);
create index actions_by_entity on actions (tenant, entity, id) where entity is not null;

-- One row an action: its effect. The primary key is what makes an effect happen once for each action id.
create table effects (
  tenant           text not null,
  action           text not null,
  tool             text not null,
  connector        text not null,
  permit           text not null,
  state            text not null,
  idempotency_key  text not null,
  snapshot_version bigint not null,
  started_at       timestamptz not null default clock_timestamp(),
  ended_at         timestamptz,
  primary key (tenant, action)
);

create table reservations (
  tenant text not null,
  action text not null,
  budget text not null,
  window_name text not null,
  minor  bigint not null,
  state  text not null,
  primary key (tenant, action, budget)
);
create table budget_windows (
  tenant      text not null,
  budget      text not null,
  window_name text not null,
  used_minor  bigint not null default 0,
  primary key (tenant, budget, window_name)
);
create table entities (
  tenant  text not null,
  entity  text not null,
  version bigint not null default 0,
  -- The action whose effect on it is under way.
  holder  text,
  primary key (tenant, entity)
);

create table approvals (
  tenant       text not null,
  id           text not null,
  action       text not null,
  binding      text not null,
  status       text not null,
  shown        text not null,
  requested_at timestamptz not null default clock_timestamp(),
  expires_at   timestamptz not null,
  primary key (tenant, id)
);
create index approvals_by_action on approvals (tenant, action, requested_at desc);
create index approvals_open on approvals (tenant, expires_at) where status in ('pending', 'approved');
create table sign_offs (
  tenant   text not null,
  approval text not null,
  team     text not null,
  by_name  text not null,
  verdict  text not null,
  reason   text not null,
  at       timestamptz not null default clock_timestamp(),
  primary key (tenant, approval, team),
  unique (tenant, approval, by_name)
);

create table observations (
  tenant         text not null,
  id             text not null,
  principal      text not null,
  fact           text not null,
  key            text not null,
  value          text not null,
  value_digest   text not null,
  source         text not null,
  source_version text,
  as_of          timestamptz,
  fetched_at     timestamptz not null,
  run            text,
  read_by        text,
  primary key (tenant, id)
);
create index observations_by_fact on observations (tenant, principal, fact, key, fetched_at desc) where read_by is not null;
create index observations_by_value on observations (tenant, principal, value_digest, fetched_at desc) where read_by is not null;
create index observations_by_age on observations (tenant, fetched_at);

-- The ledger. The chain covers the header and the hash of the salted body, so a body can be erased and the chain still holds.
create table ledger_entries (
  tenant    text not null,
  day       date not null,
  chain     text not null,
  seq       integer not null,
  kind      text not null,
  action    text,
  at        timestamptz not null,
  agent     text,
  tool      text,
  entity    text,
  status    text,
  cited     text[] not null,
  body_hash bytea not null,
  prev_hash bytea not null,
  hash      bytea not null,
  primary key (tenant, day, chain, seq)
) partition by range (day);
create index ledger_entries_by_action on ledger_entries (tenant, action) where action is not null;
create index ledger_entries_by_time on ledger_entries (tenant, at);
create index ledger_entries_by_entity on ledger_entries (tenant, entity, at) where entity is not null;
create index ledger_entries_by_citation on ledger_entries using gin (cited) with (fastupdate = off);

create table ledger_bodies (
  tenant text not null,
  day    date not null,
  chain  text not null,
  seq    integer not null,
  salt   bytea,
  body   text,
  primary key (tenant, day, chain, seq)
) partition by range (day);

-- Where each chain ends: a convenience for opening and checkpointing, never evidence.
create table ledger_heads (
  tenant text not null,
  day    date not null,
  chain  text not null,
  seq    integer not null,
  hash   bytea not null,
  at     timestamptz not null,
  primary key (tenant, day, chain)
);

create table ledger_checkpoints (
  tenant text not null,
  number integer not null,
  at     timestamptz not null default clock_timestamp(),
  heads  text not null,
  note   text not null,
  primary key (tenant, number)
);
