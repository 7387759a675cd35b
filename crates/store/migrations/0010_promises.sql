-- What people were told, and how long they really waited: one row for each leg whose service began.
CREATE TABLE promise(
  entity   BLOB NOT NULL,
  leg      INTEGER NOT NULL,
  date     TEXT NOT NULL,
  service  TEXT NOT NULL,
  lo       INTEGER NOT NULL,
  hi       INTEGER NOT NULL,
  wait_ms  INTEGER NOT NULL,
  accurate INTEGER NOT NULL,
  PRIMARY KEY(entity, leg)
) STRICT, WITHOUT ROWID;
CREATE INDEX promise_day ON promise(date, service, wait_ms, lo, hi, accurate);

-- How much was done to a visit by people who could not hear of each other.
ALTER TABLE visit ADD COLUMN apart INTEGER NOT NULL DEFAULT 0;
CREATE INDEX visit_apart ON visit(date, queued_ms, entity) WHERE apart > 0;
-- When a counter was last done with somebody.
ALTER TABLE visit ADD COLUMN ended_ms INTEGER;
CREATE INDEX visit_ended ON visit(date, counter, ended_ms) WHERE ended_ms IS NOT NULL;
-- A number that a day has twice is found without reading the day's documents.
CREATE INDEX visit_label ON visit(date, label, entity) WHERE label <> '';

-- The rows of visits and of the branch tell more from here on; they are made anew at this opening.
INSERT INTO meta(key, value) VALUES('refold', '1') ON CONFLICT(key) DO UPDATE SET value = '1';
