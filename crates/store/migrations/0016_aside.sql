-- What a peer above has of others' logs and that does not fit here, for their owners to join. No
-- projection: it follows from nothing that stands here.
CREATE TABLE aside(
  device    BLOB    NOT NULL,
  epoch     INTEGER NOT NULL,
  seq       INTEGER NOT NULL,
  hash      BLOB    NOT NULL,
  prev_hash BLOB    NOT NULL,
  event_id  BLOB    NOT NULL,
  sealed    BLOB    NOT NULL,          -- the event whole, as it is sent
  PRIMARY KEY(device, epoch, seq, hash)
) STRICT, WITHOUT ROWID;
