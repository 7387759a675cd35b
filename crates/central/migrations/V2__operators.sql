-- What those who run central look at, and how they get in.

-- What a machine said of itself when it was last heard.
ALTER TABLE device
  ADD COLUMN unsent        bigint,
  ADD COLUMN oldest_unsent timestamptz,
  ADD COLUMN told_at       timestamptz;

-- How much came in lately. The log only grows, so an index of ranges is enough, and costs next to
-- nothing when events are stored.
CREATE INDEX event_received ON event_log USING brin(received_at) WITH (autosummarize = on);

-- A one-use code with which a person gets in, from the command line. Only its hash is kept.
CREATE TABLE operator_code(
  code_hash  bytea       PRIMARY KEY CHECK (length(code_hash) = 32),
  expires_at timestamptz NOT NULL,
  used_at    timestamptz
);

-- Who is in. Kept here, so that any copy of the program knows it and leaving counts at once.
CREATE TABLE operator_session(
  token_hash bytea       PRIMARY KEY CHECK (length(token_hash) = 32),
  expires_at timestamptz NOT NULL
);
