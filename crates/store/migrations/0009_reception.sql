-- Numbers of paper rolls that nobody showed, so that each gap can be explained.
CREATE TABLE number_skip(
  entity  BLOB PRIMARY KEY,       -- the visit for whose number they were passed over
  series  TEXT NOT NULL,
  date    TEXT NOT NULL,
  first_n INTEGER NOT NULL,
  last_n  INTEGER NOT NULL,
  reason  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX number_skip_day ON number_skip(series, date, first_n);

-- A family's cases: the waiting room says how much work waits without reading a document.
ALTER TABLE visit ADD COLUMN cases INTEGER NOT NULL DEFAULT 1;
DROP INDEX visit_open;
CREATE INDEX visit_open ON visit(date, rank_ms, entity, state, service, cases) WHERE open = 1;
