-- Recalls that are carried out: what each is to do, how far it has come, and what it leaves to people.

-- On what takes another action back: for which recall, and which action (JSON).
alter table actions add column recall text;
-- Whether a call that would take something back has been made already, by whomever.
create index actions_done_calls on actions (tenant, arguments_digest, tool) where status = 'done' and entity is not null;

-- The action that took this effect back.
alter table effects add column compensated_by text;

create table recalls (
  tenant      text not null,
  id          text not null,
  status      text not null,
  reason      text,
  plan        text not null,
  -- What lists show of the plan, which may be large (JSON).
  head        text not null,
  made_by     text not null,
  started_by  text not null,
  approval    text not null,
  -- The teams that signed.
  teams       text[] not null default '{}',
  per_second  double precision not null,
  -- Whoever claims it raises the epoch; every write of its carrying out checks it.
  epoch       integer not null default 0,
  lease_until timestamptz not null default '-infinity',
  look_at     timestamptz not null default '-infinity',
  receipt     text,
  started_at  timestamptz not null default clock_timestamp(),
  updated_at  timestamptz not null default clock_timestamp(),
  ended_at    timestamptz,
  primary key (tenant, id)
);
create index recalls_unfinished on recalls (look_at) where receipt is null and status in ('waiting', 'running', 'cancelled');

create table recall_items (
  tenant       text not null,
  recall       text not null,
  action       text not null,
  position     integer not null,
  agent        text not null,
  tool         text not null,
  entity       text,
  amount       text,
  grp          text not null,
  choice       text not null,
  state        text not null,
  -- Actions of this recall that must be settled before this one is taken back.
  needs        text[] not null,
  -- The call that takes it back: tool, its version when people signed, arguments; or why there is none.
  call_tool    text,
  call_digest  text,
  call_args    text,
  call_missing text,
  -- Whether what it used of its budgets may be used again then.
  restores     boolean not null default false,
  -- How often it was begun, over all recalls, and by which action last.
  attempt      integer not null default 0,
  via          text,
  detail       text,
  by_name      text,
  updated_at   timestamptz not null default clock_timestamp(),
  primary key (tenant, recall, action)
);
create index recall_items_in_order on recall_items (tenant, recall, position);
-- However many recalls name it: an action is taken back once, and whoever was told is told otherwise once.
create unique index recall_items_once on recall_items (tenant, action, choice)
  where attempt > 0 and state in ('acting', 'waiting', 'unknown', 'compensated', 'corrected');

create table recall_tasks (
  tenant      text not null,
  id          text not null,
  recall      text not null,
  action      text not null,
  kind        text not null,
  owner       text not null,
  detail      text not null,
  opened_at   timestamptz not null default clock_timestamp(),
  outcome     text,
  resolved_by text,
  resolution  text,
  resolved_at timestamptz,
  primary key (tenant, id)
);
create unique index recall_tasks_open on recall_tasks (tenant, recall, action) where outcome is null;
create index recall_tasks_by_age on recall_tasks (tenant, opened_at);
