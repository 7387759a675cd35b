-- Figures of each office and day, from what is folded.

-- How a visit counts once its wait is settled, as the domain names it. Nothing stands here while
-- that is open, where the visit counts for nothing, and where an older program wrote the row: such
-- a visit is read from its document.
ALTER TABLE visit ADD COLUMN sample text;

-- Business day of reception, and the day on which the citizen got the result.
ALTER TABLE case_file ADD COLUMN received_on date, ADD COLUMN returned_on date;
-- A log may hold a day or a time that no calendar has: such a case counts on none.
UPDATE case_file SET received_on = CASE WHEN doc::json ->> 'date' ~ '^[0-9]{4}-[0-9]{2}-[0-9]{2}$' THEN (doc::json ->> 'date')::date END,
  returned_on = (SELECT (to_timestamp(ms / 1000) AT TIME ZONE 'Asia/Ho_Chi_Minh')::date
    FROM (SELECT coalesce(
      (SELECT max((act ->> 'at_ms')::bigint) FROM json_array_elements(doc::json -> 'acts') act
       WHERE act #>> '{event,kind}' = 'case.result_returned'),
      CASE WHEN doc::json ->> 'instant' = 'true' THEN received_ms END) AS ms) returned
    WHERE ms BETWEEN 0 AND 253402300799999);
CREATE INDEX case_returned ON case_file(office_id, returned_on) WHERE returned_on IS NOT NULL;
-- Those whose time may have run out.
CREATE INDEX case_running ON case_file(office_id, due_ms) WHERE status IN ('received', 'processing') AND due_ms IS NOT NULL;

-- What each branch says of itself, as its log has it last.
CREATE TABLE branch(
  office_id integer PRIMARY KEY REFERENCES office,
  doc       text    NOT NULL,
  -- Names of everybody who ever worked there, by the id under which they stand in the log (JSON).
  officers  text    NOT NULL
);
