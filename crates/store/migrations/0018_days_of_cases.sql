-- The days of cases among the words by which they are found, and beginnings of four letters: most
-- syllables are whole with four, and gathering all that begin so, from every case there ever was,
-- is what a search waited for. All words are written anew beside this (database.rs).
DROP TABLE case_search;
CREATE VIRTUAL TABLE case_search USING fts5(text, content='', contentless_delete=1, tokenize="unicode61 remove_diacritics 0", prefix='2 3 4', detail=none);
