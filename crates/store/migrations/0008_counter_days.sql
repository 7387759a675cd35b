-- Who sits at each counter on a day: a projection of the counter's events of that day.
CREATE TABLE counter_day(
  entity  BLOB NOT NULL PRIMARY KEY,
  date    TEXT NOT NULL,
  counter INTEGER NOT NULL,
  open    INTEGER NOT NULL,          -- somebody sits there, or is on break
  doc     TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX counter_day_place ON counter_day(date, counter);
CREATE INDEX counter_day_open ON counter_day(date) WHERE open = 1;
