-- What each agent has read, so that the arguments of its writes can be traced: keyed digests of values, encrypted texts.

create table value_readings (
  tenant     text not null,
  principal  text not null,
  id         text not null,
  tool       text not null,
  read_by    text not null,
  overflow   boolean not null,
  -- Whether there is anything in it to search or to calculate with.
  searchable boolean not null,
  -- Texts and numbers of the answer: AES-256-GCM under the tenant's key.
  sealed     bytea not null,
  fetched_at timestamptz not null default clock_timestamp(),
  primary key (tenant, principal, id)
);
create index value_readings_by_age on value_readings (tenant, principal, fetched_at desc);
create index value_readings_by_tenant_age on value_readings (tenant, fetched_at);
create index value_readings_searchable on value_readings (tenant, principal, fetched_at desc) where searchable;
create index value_readings_overflow on value_readings (tenant, principal, fetched_at desc) where overflow;

create table value_index (
  tenant    text not null,
  principal text not null,
  digest    bytea not null,
  reading   text not null,
  place     integer not null,
  exact     bytea not null,
  path      text not null,
  sort      text not null,
  in_list   boolean not null,
  trust     text not null,
  primary key (tenant, principal, digest, reading, place),
  foreign key (tenant, principal, reading) references value_readings on delete cascade
);
create index value_index_by_reading on value_index (tenant, principal, reading);

-- What a person asked for, as whoever runs the agent stated it first.
create table run_tasks (
  tenant    text not null,
  principal text not null,
  run       text not null,
  sealed    bytea not null,
  stated_at timestamptz not null default clock_timestamp(),
  primary key (tenant, principal, run)
);
