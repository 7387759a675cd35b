-- Onwards to a system beyond central: which cases it is still to be told of.
--
-- A row is written in the transaction that changes the case. What is to be told is read from the
-- log when it is told, so that nothing personal is kept here a second time.

CREATE TABLE downstream_case(
  office_id     integer     NOT NULL,
  id            uuid        NOT NULL,
  -- Hash of what is to be told, and of what was told last.
  wanted        bytea       NOT NULL CHECK (length(wanted) = 32),
  told          bytea                CHECK (length(told) = 32),
  -- The system has the case: telling it again is a change and not a new case.
  known         boolean     NOT NULL DEFAULT false,
  waiting       boolean     NOT NULL DEFAULT true,
  since         timestamptz NOT NULL DEFAULT now(),
  -- Why the last try came to nothing.
  code          text,
  detail        text,
  tries         integer     NOT NULL DEFAULT 0,
  next_at       timestamptz NOT NULL DEFAULT now(),
  -- Which copy of the program is telling it, and until when nobody else does.
  claim         uuid,
  claimed_until timestamptz,
  PRIMARY KEY(office_id, id)
);
CREATE INDEX downstream_next ON downstream_case(next_at) WHERE waiting;

-- Turns of a case (one status after another) that the system was told of.
CREATE TABLE downstream_turn(
  office_id integer     NOT NULL,
  id        uuid        NOT NULL,
  event_id  uuid        NOT NULL,
  told_at   timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY(office_id, id, event_id)
);

-- How the line to the system stands, for all copies of the program. One row, once there is a line.
CREATE TABLE downstream_line(
  one     boolean     PRIMARY KEY DEFAULT true CHECK (one),
  -- The last answer of the system, whatever it said.
  heard_at timestamptz,
  -- While it cannot be reached: since when, why, how often it was tried, when it is tried next.
  since    timestamptz,
  code     text,
  detail   text,
  tries    integer     NOT NULL DEFAULT 0,
  next_at  timestamptz NOT NULL DEFAULT now()
);

-- Cases from before there was a queue: nothing was told of them.
INSERT INTO downstream_case(office_id, id, wanted)
SELECT office_id, id, decode(repeat('00', 32), 'hex') FROM case_file;
