-- The waiting room in the order of calling, without reading a single document.
DROP INDEX visit_open;
CREATE INDEX visit_open ON visit(date, rank_ms, entity, state, service) WHERE open = 1;
-- Whom a counter has before it.
CREATE INDEX visit_desk ON visit(date, counter) WHERE open = 1 AND state IN ('called', 'serving');
