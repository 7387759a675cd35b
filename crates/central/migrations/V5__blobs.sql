-- Files of papers, by the BLAKE3 of their content. A file lies here once, whoever sent it: a table
-- and not a folder, so that every copy of the program sees it and one backup holds it
-- (docs/decisions/0012-scans.md).

-- On its way: each office sends for itself, so that nobody spoils another's.
CREATE TABLE blob_upload(
  office_id  integer     NOT NULL,
  hash       bytea       NOT NULL CHECK (length(hash) = 32),
  bytes      bigint      NOT NULL CHECK (bytes > 0),
  received   bigint      NOT NULL DEFAULT 0,
  touched_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY(office_id, hash)
);

CREATE TABLE blob_piece(
  office_id integer NOT NULL,
  hash      bytea   NOT NULL,
  at        bigint  NOT NULL,
  data      bytea   NOT NULL,
  PRIMARY KEY(office_id, hash, at)
);
-- Scans are packed already.
ALTER TABLE blob_piece ALTER COLUMN data SET STORAGE EXTERNAL;

-- Whole and checked; the pieces are those that this office sent.
CREATE TABLE blob(
  hash      bytea       NOT NULL PRIMARY KEY CHECK (length(hash) = 32),
  office_id integer     NOT NULL,
  bytes     bigint      NOT NULL,
  whole_at  timestamptz NOT NULL DEFAULT now()
);

-- Whose it is: an office is given only what it had itself.
CREATE TABLE blob_of_office(
  office_id integer     NOT NULL,
  hash      bytea       NOT NULL REFERENCES blob ON DELETE CASCADE,
  since     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY(office_id, hash)
);
