-- Says that the file is ours ("MCua"); in the same transaction as everything else, for a cut between
-- the two would leave a file that is nobody's.
PRAGMA application_id = 1296266593;

-- The log: the only truth in this file. Everything below it can be rebuilt from it.
CREATE TABLE event(
  pos           INTEGER PRIMARY KEY,            -- order of arrival in this file; not part of the event
  device        BLOB    NOT NULL CHECK(length(device) = 16),
  epoch         INTEGER NOT NULL,
  seq           INTEGER NOT NULL,
  event_id      BLOB    NOT NULL UNIQUE CHECK(length(event_id) = 16),
  entity        BLOB    NOT NULL CHECK(length(entity) = 16),
  kind          TEXT    NOT NULL,
  kind_v        INTEGER NOT NULL,
  actor         TEXT    NOT NULL,
  command_id    BLOB    NOT NULL CHECK(length(command_id) = 16),
  business_date TEXT    NOT NULL,
  wall_ms       INTEGER NOT NULL,
  boot          BLOB    NOT NULL CHECK(length(boot) = 16),
  mono_ms       INTEGER NOT NULL,
  skew_ms       INTEGER NOT NULL,
  deps          BLOB    NOT NULL,
  salt          BLOB    NOT NULL,
  body          BLOB    NOT NULL,               -- the exact bytes that were hashed
  body_hash     BLOB    NOT NULL CHECK(length(body_hash) = 32),
  prev_hash     BLOB    NOT NULL CHECK(length(prev_hash) = 32),
  hash          BLOB    NOT NULL CHECK(length(hash) = 32),
  UNIQUE(device, epoch, seq)
) STRICT;
CREATE INDEX event_entity ON event(entity, pos);

CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'event log is append-only'); END;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'event log is append-only'); END;

-- What this device is and was last seen doing. Not a projection.
CREATE TABLE meta(key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Commands that were carried out, so that the same command again gives the same answer.
CREATE TABLE command(
  command_id BLOB PRIMARY KEY CHECK(length(command_id) = 16),
  name       TEXT NOT NULL,
  args_hash  BLOB NOT NULL,
  answer     TEXT NOT NULL,
  at_ms      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Print jobs of this device. The payload goes away once the paper is out.
CREATE TABLE print_job(
  job_id     BLOB PRIMARY KEY CHECK(length(job_id) = 16),
  kind       TEXT NOT NULL,
  entity     BLOB NOT NULL,
  title      TEXT NOT NULL,
  format     TEXT NOT NULL,
  payload    BLOB,
  reprint    INTEGER NOT NULL,
  printer    TEXT,
  handle     TEXT,
  state      TEXT NOT NULL,
  message    TEXT,
  tries      INTEGER NOT NULL,
  created_ms INTEGER NOT NULL,
  changed_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX print_job_open ON print_job(state, created_ms);
CREATE INDEX print_job_time ON print_job(created_ms);

-- ---- projections: each row belongs to one entity and is a function of its events ----

CREATE TABLE visit(
  entity      BLOB PRIMARY KEY,
  date        TEXT NOT NULL,
  open        INTEGER NOT NULL,
  state       TEXT NOT NULL,
  label       TEXT NOT NULL,
  service     TEXT NOT NULL,
  counter     INTEGER,
  rank_ms     INTEGER NOT NULL,
  queued_ms   INTEGER NOT NULL,
  sample      TEXT,               -- how it counts in the day's figures; NULL while open and unserved
  wait_ms     INTEGER NOT NULL,   -- official wait: final once sampled
  served_by   TEXT,
  accurate    INTEGER NOT NULL,
  doc         TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX visit_day ON visit(date, open, sample, wait_ms, accurate, served_by);
CREATE INDEX visit_open ON visit(open, date) WHERE open = 1;
CREATE INDEX visit_recent ON visit(date, queued_ms);

-- Finished, trustworthy service times, for estimates.
CREATE TABLE service_time(
  entity     BLOB NOT NULL,
  leg        INTEGER NOT NULL,
  service    TEXT NOT NULL,
  end_ms     INTEGER NOT NULL,
  service_ms INTEGER NOT NULL,
  PRIMARY KEY(entity, leg)
) STRICT, WITHOUT ROWID;
CREATE INDEX service_time_latest ON service_time(service, end_ms);

CREATE TABLE case_file(
  entity      BLOB PRIMARY KEY,
  row         INTEGER NOT NULL,   -- position of its first event: order of reception, key of the search
  code        TEXT NOT NULL,
  visit       BLOB,
  procedure   TEXT NOT NULL,
  date        TEXT NOT NULL,
  received_ms INTEGER NOT NULL,
  due_ms      INTEGER,
  status      TEXT NOT NULL,
  doc         TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX case_row ON case_file(row);
CREATE INDEX case_code ON case_file(code);
CREATE INDEX case_visit ON case_file(visit) WHERE visit IS NOT NULL;
CREATE INDEX case_date ON case_file(date);
CREATE INDEX case_procedure ON case_file(procedure, row);

-- Every number ever given out, so that each gap can be explained.
CREATE TABLE number_use(
  series TEXT NOT NULL,
  date   TEXT NOT NULL,
  n      INTEGER NOT NULL,
  entity BLOB NOT NULL,
  state  TEXT NOT NULL,           -- issued, void
  PRIMARY KEY(series, date, n, entity)
) STRICT, WITHOUT ROWID;
CREATE INDEX number_entity ON number_use(entity);

-- Who was here, as last recorded by each visit or case.
CREATE TABLE party(
  entity    BLOB PRIMARY KEY,
  row       INTEGER NOT NULL,
  id_number TEXT,
  phone     TEXT,
  name      TEXT NOT NULL,
  at_ms     INTEGER NOT NULL,
  doc       TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX party_row ON party(row);
CREATE INDEX party_id ON party(id_number, at_ms) WHERE id_number IS NOT NULL;
CREATE INDEX party_phone ON party(phone, at_ms) WHERE phone IS NOT NULL;

CREATE TABLE procedure(
  entity         BLOB NOT NULL,
  ord            INTEGER NOT NULL,
  code           TEXT NOT NULL,
  version        TEXT NOT NULL,
  effective_from TEXT NOT NULL,
  name           TEXT NOT NULL,
  doc            TEXT NOT NULL,
  PRIMARY KEY(entity, ord)
) STRICT, WITHOUT ROWID;
CREATE INDEX procedure_code ON procedure(code, ord);

CREATE TABLE branch(entity BLOB PRIMARY KEY, doc TEXT NOT NULL) STRICT, WITHOUT ROWID;

CREATE TABLE day(entity BLOB PRIMARY KEY, date TEXT NOT NULL UNIQUE, closed INTEGER NOT NULL, doc TEXT NOT NULL) STRICT, WITHOUT ROWID;

-- Folded text (no diacritics, đ as d) by row; the tokenizer's own folding would leave đ alone.
CREATE VIRTUAL TABLE case_search USING fts5(text, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 0", prefix='2 3', detail=none);
CREATE VIRTUAL TABLE party_search USING fts5(text, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 0", prefix='2 3', detail=none);
