-- Central: the logs of every branch, and what is read out of them.
--
-- office_id stands in every key, so that the tables can be spread over several machines by it
-- (hash partitions here; Citus or a database for each group of provinces later).

-- What this installation is. One row.
CREATE TABLE installation(
  one          boolean PRIMARY KEY DEFAULT true CHECK (one),
  -- Names this history. A restore from a backup must give it a new one: `motcua-central restored`.
  server_epoch uuid    NOT NULL DEFAULT gen_random_uuid(),
  -- Signs challenges and tokens, so that any copy of the program can check what another one gave.
  secret       bytea   NOT NULL,
  -- Where a test installation keeps the authority that its devices are to trust.
  ca_file      text
);

CREATE TABLE office(
  office_id  integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  code       text    NOT NULL UNIQUE,
  -- Whose records these are: the first branch that enrolled under the code.
  branch     uuid,
  -- Position of the last event in the feed of this office. Whoever stores events of the office
  -- holds this row, so positions become visible in their order.
  feed_seq   bigint  NOT NULL DEFAULT 0
);

-- A one-use code with which a device joins. Only its hash is kept.
CREATE TABLE enrolment_code(
  code_hash  bytea       PRIMARY KEY CHECK (length(code_hash) = 32),
  office_id  integer     NOT NULL REFERENCES office,
  expires_at timestamptz NOT NULL,
  used_by    uuid,
  used_at    timestamptz
);

-- Machines that may speak for an office. The key has no end; access is taken away here.
CREATE TABLE device(
  device      uuid        PRIMARY KEY,
  office_id   integer     NOT NULL REFERENCES office,
  public_key  bytea       NOT NULL CHECK (length(public_key) = 32),
  name        text        NOT NULL,
  enrolled_at timestamptz NOT NULL DEFAULT now(),
  revoked_at  timestamptz,
  seen_at     timestamptz
);
CREATE INDEX device_of_office ON device(office_id);

CREATE TABLE event_log(
  office_id   integer     NOT NULL,
  device      uuid        NOT NULL,
  epoch       bigint      NOT NULL,
  seq         bigint      NOT NULL,
  event_id    uuid        NOT NULL,
  entity      uuid        NOT NULL,
  kind        text        NOT NULL,
  -- The exact bytes that were hashed.
  header      bytea       NOT NULL,
  salt        bytea       NOT NULL,
  body        bytea       NOT NULL,
  prev_hash   bytea       NOT NULL,
  hash        bytea       NOT NULL,
  feed_seq    bigint      NOT NULL,
  received_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY(office_id, device, epoch, seq)
) PARTITION BY HASH(office_id);
DO $$ BEGIN
  FOR part IN 0..15 LOOP
    EXECUTE format('CREATE TABLE event_log_%s PARTITION OF event_log FOR VALUES WITH (MODULUS 16, REMAINDER %s)', part, part);
  END LOOP;
END $$;
CREATE UNIQUE INDEX event_feed ON event_log(office_id, feed_seq);
CREATE INDEX event_entity ON event_log(office_id, entity);
-- Not unique: an event sent again after a fork stands at two places under one id.
CREATE INDEX event_by_id ON event_log(office_id, event_id);

-- Where each log ends. Duplicates are known from here without a look at the log.
CREATE TABLE device_head(
  office_id integer NOT NULL,
  device    uuid    NOT NULL,
  epoch     bigint  NOT NULL,
  seq       bigint  NOT NULL,
  hash      bytea   NOT NULL,
  PRIMARY KEY(office_id, device, epoch)
);

-- Epochs whose history went two ways, and up to where they count. Follows from the log.
CREATE TABLE epoch_closed(
  office_id integer NOT NULL,
  device    uuid    NOT NULL,
  epoch     bigint  NOT NULL,
  seq       bigint  NOT NULL,
  PRIMARY KEY(office_id, device, epoch)
);

-- Events that are stored but not, or not yet, in effect. They block nothing else.
CREATE TABLE verdict(
  office_id integer     NOT NULL,
  event_id  uuid        NOT NULL,
  device    uuid        NOT NULL,
  entity    uuid        NOT NULL,
  status    text        NOT NULL CHECK (status IN ('parked', 'quarantined')),
  code      text        NOT NULL,
  since     timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY(office_id, event_id)
);
CREATE INDEX verdict_of_entity ON verdict(office_id, entity);
CREATE INDEX verdict_of_device ON verdict(office_id, device, status);

-- Read models: each row is a function of its entity's events.
CREATE TABLE visit(
  office_id integer NOT NULL,
  id        uuid    NOT NULL,
  date      date    NOT NULL,
  state     text    NOT NULL,
  ticket    text    NOT NULL,
  service   text    NOT NULL,
  queued_ms bigint  NOT NULL,
  wait_ms   bigint  NOT NULL,
  accurate  boolean NOT NULL,
  doc       text    NOT NULL,
  PRIMARY KEY(office_id, id)
);
CREATE INDEX visit_day ON visit(office_id, date);
CREATE TABLE case_file(
  office_id   integer NOT NULL,
  id          uuid    NOT NULL,
  code        text    NOT NULL,
  procedure   text    NOT NULL,
  status      text    NOT NULL,
  received_ms bigint  NOT NULL,
  due_ms      bigint,
  doc         text    NOT NULL,
  PRIMARY KEY(office_id, id)
);
CREATE INDEX case_code ON case_file(code);
CREATE INDEX case_day ON case_file(office_id, received_ms);
CREATE TABLE counter_day(
  office_id integer NOT NULL,
  id        uuid    NOT NULL,
  date      date    NOT NULL,
  counter   integer NOT NULL,
  doc       text    NOT NULL,
  PRIMARY KEY(office_id, id)
);
CREATE INDEX counter_by_day ON counter_day(office_id, date, counter);
