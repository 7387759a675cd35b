-- Case codes parted among the branches that number for one agency.
--
-- The numbers belong to an agency and not to an office, so these tables alone have no office_id in
-- front of their keys. They are small: a few ranges for each day and branch.

-- Lets text and dates stand in an exclusion constraint. It comes with PostgreSQL (contrib) and is
-- trusted: whoever owns the database may make it.
CREATE EXTENSION IF NOT EXISTS btree_gist;

-- For which agency an office numbers: its own code, unless somebody said otherwise.
ALTER TABLE office ADD COLUMN agency text;

-- Whoever parts an agency's codes holds its row.
CREATE TABLE number_series(
  agency text PRIMARY KEY
);

-- Who holds which numbers of an agency's day. No two ranges meet, whichever copy writes.
CREATE TABLE number_lease(
  agency        text        NOT NULL REFERENCES number_series,
  business_date date        NOT NULL,
  numbers       int4range   NOT NULL CHECK (NOT isempty(numbers) AND lower(numbers) >= 1 AND upper(numbers) <= 10000),
  office_id     integer     NOT NULL REFERENCES office,
  -- The machine, and the life of it, that alone gives out of the range; none for what the branch
  -- gave out before central parted its codes.
  device        uuid,
  epoch         bigint,
  granted_at    timestamptz NOT NULL DEFAULT now(),
  CHECK ((device IS NULL) = (epoch IS NULL)),
  EXCLUDE USING gist (agency WITH =, business_date WITH =, numbers WITH &&)
);
CREATE INDEX number_lease_day ON number_lease(agency, business_date);

-- What each branch said of its stock of a day, for those who run central.
CREATE TABLE number_told(
  office_id     integer     NOT NULL REFERENCES office,
  business_date date        NOT NULL,
  granted       integer     NOT NULL,
  left_n        integer     NOT NULL,
  -- Something that it holds or gave out is another's too.
  clash         boolean     NOT NULL,
  told_at       timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY(office_id, business_date)
);

-- Days on which central's history went back: what it granted last it may have forgotten, so it
-- goes on from elsewhere in the days that could be granted then.
CREATE TABLE history_went_back(
  at      timestamptz NOT NULL DEFAULT now(),
  on_date date        NOT NULL
);

-- What central itself says to an office stands in a log of its own, which the branch reads with the
-- feed like the log of any machine.
ALTER TABLE office ADD COLUMN own_log uuid NOT NULL DEFAULT gen_random_uuid();

-- Departments that settle cases of an office, and say how far they are. Only hashes of tokens.
CREATE TABLE department(
  token_hash bytea       PRIMARY KEY CHECK (length(token_hash) = 32),
  office_id  integer     NOT NULL REFERENCES office,
  name       text        NOT NULL,
  made_at    timestamptz NOT NULL DEFAULT now(),
  revoked_at timestamptz
);
