-- What there is to tell citizens: out of the acts of their cases, so that it cannot be forgotten.
CREATE TABLE notice(
  entity  BLOB NOT NULL,             -- the case
  kind    TEXT NOT NULL,
  at_ms   INTEGER NOT NULL,
  id      BLOB NOT NULL,
  date_ms INTEGER,
  live    INTEGER NOT NULL,          -- it still holds, and the citizen wants to be told
  PRIMARY KEY(entity, kind, at_ms)
) STRICT, WITHOUT ROWID;
CREATE INDEX notice_live ON notice(at_ms, id) WHERE live = 1;
CREATE INDEX notice_id ON notice(id);
-- What was done about it: a projection of the notice's own events.
CREATE TABLE notice_told(
  entity  BLOB NOT NULL PRIMARY KEY, -- the notice
  settled INTEGER NOT NULL,          -- the citizen knows
  last_ms INTEGER NOT NULL,
  doc     TEXT NOT NULL
) STRICT;
CREATE INDEX notice_told_last ON notice_told(last_ms);
CREATE TABLE notice_means(
  entity BLOB NOT NULL PRIMARY KEY,
  doc    TEXT NOT NULL
) STRICT;
-- What citizens said of a service.
CREATE TABLE rating(
  entity  BLOB NOT NULL PRIMARY KEY,
  visit   BLOB NOT NULL,
  leg     INTEGER NOT NULL,
  date    TEXT NOT NULL,
  counter INTEGER NOT NULL,
  at_ms   INTEGER NOT NULL,
  doc     TEXT NOT NULL
) STRICT;
CREATE INDEX rating_date ON rating(date, at_ms);
CREATE TABLE complaint(
  entity   BLOB NOT NULL PRIMARY KEY,
  date     TEXT NOT NULL,
  answered INTEGER NOT NULL,
  doc      TEXT NOT NULL
) STRICT;
CREATE INDEX complaint_date ON complaint(date, entity);
