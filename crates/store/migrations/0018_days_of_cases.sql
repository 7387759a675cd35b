-- The days of cases among the words by which they are found. All words are written anew beside this
-- (database.rs).
INSERT INTO case_search(case_search) VALUES('delete-all');
