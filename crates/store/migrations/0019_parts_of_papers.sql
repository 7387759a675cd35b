-- Which of several papers of that kind a job prints: the second request of a case, its third payment.
ALTER TABLE print_job ADD COLUMN part INTEGER;
