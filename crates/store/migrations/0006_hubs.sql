-- Hubs of the branch, one after the other: who was made one, gave way, or is gone for good.
CREATE TABLE hub(
  entity BLOB NOT NULL,
  ord    INTEGER NOT NULL,
  what   TEXT NOT NULL CHECK(what IN ('promoted', 'stepped_down', 'retired')),
  device BLOB NOT NULL,
  term   INTEGER NOT NULL,
  date   TEXT NOT NULL,
  urls   TEXT NOT NULL,
  PRIMARY KEY(entity, ord)
) STRICT, WITHOUT ROWID;

-- A command that two machines did, one of them because no answer came, is found by its id.
CREATE INDEX event_registered ON event(command_id) WHERE kind = 'visit.registered';
