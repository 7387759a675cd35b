-- Ranges of case codes that central granted to one life of one machine: only that life leases from
-- them, and what is left when it ends is never given out.
CREATE TABLE number_grant(
  entity  BLOB NOT NULL,
  ord     INTEGER NOT NULL,
  series  TEXT NOT NULL,
  date    TEXT NOT NULL,
  device  BLOB NOT NULL,
  epoch   INTEGER NOT NULL,
  first_n INTEGER NOT NULL,
  last_n  INTEGER NOT NULL,
  PRIMARY KEY(entity, ord)
) STRICT, WITHOUT ROWID;
CREATE INDEX number_grant_series ON number_grant(series, date, device, epoch, first_n);

-- Whether the branch gives case codes only from such ranges. One row, once central has said so.
CREATE TABLE numbering(
  entity  BLOB PRIMARY KEY,
  central INTEGER NOT NULL,
  unsure  INTEGER NOT NULL,
  date    TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The provisional code that stands on a receipt, kept for ever beside the final one.
ALTER TABLE case_file ADD COLUMN provisional TEXT;
CREATE INDEX case_provisional ON case_file(provisional) WHERE provisional IS NOT NULL;
