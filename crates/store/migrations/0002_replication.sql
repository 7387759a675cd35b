-- An event sent again after a fork stands at two places under one id, so that the id alone can no
-- longer be unique: the place is. SQLite drops such a constraint only with its table.
DROP TRIGGER event_is_never_changed;
DROP TRIGGER event_is_never_deleted;
CREATE TABLE event_2(
  pos           INTEGER PRIMARY KEY,            -- order of arrival in this file, and the feed's cursor
  device        BLOB    NOT NULL CHECK(length(device) = 16),
  epoch         INTEGER NOT NULL,
  seq           INTEGER NOT NULL,
  event_id      BLOB    NOT NULL CHECK(length(event_id) = 16),
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
INSERT INTO event_2 SELECT pos, device, epoch, seq, event_id, entity, kind, kind_v, actor, command_id,
  business_date, wall_ms, boot, mono_ms, skew_ms, deps, salt, body, body_hash, prev_hash, hash
  FROM event ORDER BY pos;
DROP TABLE event;
ALTER TABLE event_2 RENAME TO event;
CREATE INDEX event_entity ON event(entity, pos);
CREATE INDEX event_by_id ON event(event_id);
CREATE TRIGGER event_is_never_changed BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'event log is append-only'); END;
CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'event log is append-only'); END;

-- Whom this store talks to, and how far it has read their feed.
CREATE TABLE peer(
  peer         TEXT PRIMARY KEY,
  server_epoch TEXT NOT NULL,
  cursor       INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Up to where a peer has said that it holds a log. A hint: the peer is asked anew each time.
CREATE TABLE peer_head(
  peer   TEXT    NOT NULL,
  device BLOB    NOT NULL,
  epoch  INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  hash   BLOB    NOT NULL,
  PRIMARY KEY(peer, device, epoch)
) STRICT, WITHOUT ROWID;

-- Events that are not simply in effect: here (peer '') or at a peer.
CREATE TABLE verdict(
  event_id BLOB    NOT NULL,
  peer     TEXT    NOT NULL,
  status   TEXT    NOT NULL,
  code     TEXT,
  at_ms    INTEGER NOT NULL,
  PRIMARY KEY(event_id, peer)
) STRICT, WITHOUT ROWID;
CREATE INDEX verdict_waiting ON verdict(peer, status);

-- Epochs whose history went two ways, and up to where they count. Follows from the log.
CREATE TABLE epoch_closed(
  device BLOB    NOT NULL,
  epoch  INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  PRIMARY KEY(device, epoch)
) STRICT, WITHOUT ROWID;
