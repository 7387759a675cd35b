-- Which job it was of, and whether the printing system could not be told when it was tried: until it
-- is, the paper may come out.
ALTER TABLE print_withdrawn ADD COLUMN job_id BLOB;
ALTER TABLE print_withdrawn ADD COLUMN unheard INTEGER NOT NULL DEFAULT 0;
