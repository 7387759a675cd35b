-- Files of papers: which case names which file, and which files lie in this folder.
CREATE TABLE attachment(
  entity  BLOB    NOT NULL,
  id      BLOB    NOT NULL,
  hash    TEXT    NOT NULL,
  bytes   INTEGER NOT NULL,
  origin  TEXT    NOT NULL,
  -- Identity or tax number of the case's owner; papers given before are found by it.
  owner   TEXT,
  -- Business day of the case.
  date    TEXT    NOT NULL,
  at_ms   INTEGER NOT NULL,
  PRIMARY KEY(entity, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX attachment_hash ON attachment(hash);
CREATE INDEX attachment_owner ON attachment(owner, at_ms) WHERE owner IS NOT NULL;

-- Files that lie in this folder. No projection: it says what this machine has, not what happened.
CREATE TABLE blob(
  hash     TEXT    NOT NULL PRIMARY KEY,
  bytes    INTEGER NOT NULL,
  kept_ms  INTEGER NOT NULL,
  -- Who has it too: the history that the other side named when it said so. Another history (a
  -- restored server) is asked anew.
  sent_to  TEXT,
  -- Why it could not be sent, by a stable code; the file stays and is tried again.
  failed   TEXT
) STRICT, WITHOUT ROWID;
