-- What central sends down whole and signed: the catalogue, the calendar, the officers.
CREATE TABLE bundle(
  -- 0: for every office.
  office_id    integer     NOT NULL CHECK (office_id >= 0),
  kind         text        NOT NULL CHECK (kind IN ('catalogue', 'calendar', 'users')),
  serial       bigint      NOT NULL CHECK (serial > 0),
  valid_from   date        NOT NULL,
  hash         bytea       NOT NULL CHECK (length(hash) = 32),
  -- ed25519 over the head, base64url.
  signature    text        NOT NULL,
  content      bytea       NOT NULL,
  published_at timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY(office_id, kind, serial)
);
