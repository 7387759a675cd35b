-- More than one system beyond central: each office's cases go to the systems it uses.

-- Which offices each system serves, as its file of settings said when it was last read.
CREATE TABLE downstream_use(
  system text NOT NULL,
  -- Agency code: the office itself may not have joined yet.
  office text NOT NULL,
  PRIMARY KEY(system, office)
);

-- What an office uses. Where no file names it, its cases wait for the portal, and a person is told.
CREATE VIEW downstream_target AS
  SELECT o.office_id, u.system FROM office o JOIN downstream_use u ON u.office = o.code
  UNION ALL
  SELECT o.office_id, 'portal' FROM office o
  WHERE NOT EXISTS (SELECT 1 FROM downstream_use u WHERE u.office = o.code);

ALTER TABLE downstream_case ADD COLUMN system text NOT NULL DEFAULT 'portal',
  -- The office no longer uses that system: what it was told stands there, nothing more is told.
  ADD COLUMN dropped boolean NOT NULL DEFAULT false;
ALTER TABLE downstream_case DROP CONSTRAINT downstream_case_pkey, ADD PRIMARY KEY(office_id, id, system);
DROP INDEX downstream_next;
CREATE INDEX downstream_next ON downstream_case(system, next_at) WHERE waiting;

ALTER TABLE downstream_turn ADD COLUMN system text NOT NULL DEFAULT 'portal';
ALTER TABLE downstream_turn DROP CONSTRAINT downstream_turn_pkey, ADD PRIMARY KEY(office_id, id, system, event_id);

-- One row for each system that has a line.
ALTER TABLE downstream_line DROP COLUMN one;
ALTER TABLE downstream_line ADD COLUMN system text PRIMARY KEY DEFAULT 'portal';

-- Look-ups in registers: who asked, when and why, and what kind of answer came. Neither what was
-- asked for nor what was answered can be read here; whoever knows a number can find out whether it
-- was asked for (a hash under the key of this installation).
CREATE TABLE look_up(
  id          uuid        PRIMARY KEY,
  at          timestamptz NOT NULL DEFAULT now(),
  office_id   integer     NOT NULL REFERENCES office(office_id),
  device      uuid        NOT NULL,
  -- As the branch names them.
  officer     text        NOT NULL,
  register    text        NOT NULL CHECK (register IN ('citizen', 'enterprise')),
  -- Why, as a code of the branch's own list.
  purpose     text        NOT NULL,
  -- Visit that it was for.
  visit_id    uuid,
  asked_for   bytea       NOT NULL CHECK (length(asked_for) = 32),
  -- asked, found, not_found, unavailable
  outcome     text        NOT NULL DEFAULT 'asked',
  code        text,
  answered_at timestamptz
);
CREATE INDEX look_up_of_office ON look_up(office_id, register, at);
CREATE INDEX look_up_of_number ON look_up(asked_for);

-- How each register was last reached, for all copies of the program. A row once one is configured.
CREATE TABLE look_up_line(
  register  text        PRIMARY KEY,
  per_day   bigint      NOT NULL,
  heard_at  timestamptz,
  -- While it does not answer: since when and why.
  since     timestamptz,
  code      text
);
