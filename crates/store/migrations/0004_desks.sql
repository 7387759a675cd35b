-- The waiting room in the order of calling, without reading a single document.
DROP INDEX visit_open;
CREATE INDEX visit_open ON visit(date, rank_ms, entity, state, service) WHERE open = 1;
-- Whom a counter has before it.
CREATE INDEX visit_desk ON visit(date, counter) WHERE open = 1 AND state IN ('called', 'serving');
-- Cases of one status by their due time: what is overdue, what waits to be handed back.
CREATE INDEX case_due ON case_file(status, due_ms);
