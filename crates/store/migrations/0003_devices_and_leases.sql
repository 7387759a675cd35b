-- Devices of the branch: whom the hub vouches for. The last word on a device counts.
CREATE TABLE device(
  entity      BLOB PRIMARY KEY,
  device      BLOB NOT NULL,
  number      INTEGER NOT NULL,
  name        TEXT NOT NULL,
  fingerprint TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX device_fingerprint ON device(fingerprint);

-- Blocks of numbers and whose they are: explains every gap between the numbers in use.
CREATE TABLE number_lease(
  entity  BLOB NOT NULL,
  ord     INTEGER NOT NULL,
  series  TEXT NOT NULL,
  date    TEXT NOT NULL,
  device  BLOB NOT NULL,
  epoch   INTEGER NOT NULL,
  first_n INTEGER NOT NULL,
  last_n  INTEGER NOT NULL,
  PRIMARY KEY(entity, ord)
) STRICT, WITHOUT ROWID;
CREATE INDEX number_lease_series ON number_lease(series, date, device, epoch, first_n);
