-- Sources that bring records in: their state and lease, batches, records, the ids of messages, quarantine, and pushed facts.

alter table observations add column batch text;
create index observations_by_batch on observations (tenant, batch) where batch is not null;

-- One row a source. Whoever writes records of it holds this row, so the records of one source are judged one part after the other.
create table source_state (
  tenant       text not null,
  connector    text not null,
  -- Where the source's own order of messages has been taken up to; written in the transaction that writes the records.
  position     text,
  -- Raised with each new holder: one who has lost the lease can write nothing more.
  epoch        bigint not null default 0,
  holder       text,
  lease_until  timestamptz,
  records      bigint not null default 0,
  duplicates   bigint not null default 0,
  late         bigint not null default 0,
  quarantined  bigint not null default 0,
  held         bigint not null default 0,
  last_batch   text,
  last_at      timestamptz,
  lag          bigint,
  caught_up_at timestamptz,
  problem      text,
  problem_at   timestamptz,
  primary key (tenant, connector)
);

create table source_batches (
  tenant      text not null,
  connector   text not null,
  batch       text not null,
  origin      text not null,
  digest      text not null,
  state       text not null,
  reason      text,
  as_of       timestamptz,
  received_at timestamptz not null default clock_timestamp(),
  ended_at    timestamptz,
  records     bigint not null default 0,
  quarantined bigint not null default 0,
  duplicates  bigint not null default 0,
  late        bigint not null default 0,
  primary key (tenant, connector, batch)
);
create index source_batches_by_time on source_batches (tenant, connector, received_at desc);
create index source_batches_by_digest on source_batches (tenant, connector, digest);

-- `number` and `item` are the record's place: the message in its batch, and the record in its message.
create table source_records (
  tenant      text not null,
  connector   text not null,
  batch       text not null,
  number      bigint not null,
  item        integer not null,
  record      text not null,
  key         text not null,
  version     text,
  as_of       timestamptz,
  value       text not null,
  digest      text not null,
  deleted     boolean not null,
  -- latest, superseded (there is a newer one) or late (there was a newer one when it came).
  state       text not null,
  received_at timestamptz not null default clock_timestamp(),
  primary key (tenant, connector, batch, number, item)
);
create unique index source_records_latest on source_records (tenant, connector, record, key) where state = 'latest';
create index source_records_past on source_records (tenant, connector, received_at) where state <> 'latest';

-- The ids of messages that were taken: a sender that is not sure sends again.
create table source_messages (
  tenant    text not null,
  connector text not null,
  id        text not null,
  digest    text not null,
  seen_at   timestamptz not null default clock_timestamp(),
  primary key (tenant, connector, id)
);
create index source_messages_by_age on source_messages (tenant, connector, seen_at);

create table source_quarantine (
  tenant           text not null,
  id               text not null,
  connector        text not null,
  -- The tool in whose answer it stood; null for what a source brought in, which has a batch instead.
  tool             text,
  batch            text,
  number           bigint,
  item             integer,
  record           text,
  key              text,
  contract         text,
  contract_version integer,
  faults           text not null,
  value            text not null,
  readable         boolean not null,
  event_at         timestamptz,
  event_key        text,
  digest           text not null,
  state            text not null default 'held',
  times            bigint not null default 1,
  held_at          timestamptz not null default clock_timestamp(),
  last_at          timestamptz not null default clock_timestamp(),
  decided_by       text,
  decided_at       timestamptz,
  reason           text,
  primary key (tenant, id)
);
create unique index source_quarantine_brought on source_quarantine (tenant, connector, batch, number, item)
  where batch is not null;
create unique index source_quarantine_read on source_quarantine (tenant, connector, tool, contract, contract_version, digest)
  where tool is not null;
create index source_quarantine_by_state on source_quarantine (tenant, state, held_at desc);

-- The newest value of each fact that a source has pushed: what an agent believes may be older than this.
create table pushed_facts (
  tenant      text not null,
  fact        text not null,
  key         text not null,
  value       text not null,
  source      text not null,
  version     text,
  as_of       timestamptz,
  batch       text not null,
  connector   text not null,
  record      text not null,
  record_key  text not null,
  received_at timestamptz not null default clock_timestamp(),
  primary key (tenant, fact, key)
);
create index pushed_facts_by_record on pushed_facts (tenant, connector, record, record_key);
