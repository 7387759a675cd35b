-- Cases by procedure, status and day, by the code of the portal, and page after page: each list has
-- an index in its very order. The words are written anew beside this (database.rs).
ALTER TABLE case_file ADD COLUMN portal TEXT;                      -- folded code of what was handed in online
ALTER TABLE case_file ADD COLUMN online INTEGER NOT NULL DEFAULT 0;
DROP INDEX case_date;
CREATE INDEX case_date ON case_file(date, entity);
CREATE INDEX case_status ON case_file(status, date, entity, online);
-- The same words as in table/case.rs: what is still to be done, the online first.
CREATE INDEX case_open ON case_file(online, date, entity, status, due_ms)
  WHERE status NOT IN ('refused', 'withdrawn', 'stopped', 'returned');
CREATE INDEX case_online ON case_file(date, entity, status) WHERE online = 1;
CREATE INDEX case_portal ON case_file(portal) WHERE portal IS NOT NULL;
INSERT INTO case_search(case_search) VALUES('delete-all');
