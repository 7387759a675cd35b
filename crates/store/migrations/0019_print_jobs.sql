-- Which of several papers of that kind a job prints: the second request of a case, its third payment.
ALTER TABLE print_job ADD COLUMN part INTEGER;
-- What was handed to a printing system and is not to come out any more: it is told so as soon as it
-- answers, whatever became of the job meanwhile.
CREATE TABLE print_withdrawn(handle TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
