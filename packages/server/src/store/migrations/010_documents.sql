-- Folders of documents: which version of each document is the current one, and passages found by their words and by their hash.

-- One row for each content that a path has had; the newest stays, so that versions go on rising.
create table source_documents (
  tenant      text not null,
  connector   text not null,
  -- Below the folder, parted by slashes.
  path        text not null,
  version     integer not null,
  -- The batch that brings this version in.
  batch       text not null,
  -- SHA-256 of the bytes, and of how they were read: the same of both need not be read again.
  digest      text not null,
  reading     text not null,
  -- open (being brought in), current, superseded (there is a newer version), moved (the same content stands elsewhere),
  -- gone (deleted) or rejected (it could not be read; `reason` says why).
  state       text not null,
  reason      text,
  format      text not null,
  title       text not null default '',
  bytes       bigint not null,
  pages       integer,
  passages    integer not null default 0,
  hidden      bigint not null default 0,
  -- Where it stands now, of what has moved.
  moved_to    text,
  as_of       timestamptz not null,
  received_at timestamptz not null default clock_timestamp(),
  ended_at    timestamptz,
  primary key (tenant, connector, path, version)
);
create unique index source_documents_current on source_documents (tenant, connector, path) where state = 'current';
create index source_documents_by_batch on source_documents (tenant, connector, batch);

-- Of passages: the hash of the text, and its words with one more that stands for tenant and source, so that the index parts them.
alter table source_records add column passage text, add column words tsvector;
create index source_records_by_passage on source_records (tenant, connector, passage) where passage is not null;
create index source_records_by_words on source_records using gin (words) where words is not null and state = 'latest';

alter table observations add column document text;
-- Which documents a read showed: what an argument was taken from can be named by its passage.
create index lineage_sights_of_documents on lineage_sights (tenant, action) where document is not null;
