-- Money that came to the desk and went back: one row each, so that a day's cash report costs a day.
CREATE TABLE cash(
  entity  BLOB NOT NULL,
  n       INTEGER NOT NULL,       -- 2k - 1: payment k of the case came; 2k: it went back
  date    TEXT NOT NULL,
  at_ms   INTEGER NOT NULL,
  officer TEXT NOT NULL,
  method  TEXT NOT NULL,
  amount  INTEGER NOT NULL,       -- whole đồng, below zero for what went back
  PRIMARY KEY(entity, n)
) STRICT, WITHOUT ROWID;
CREATE INDEX cash_day ON cash(date, officer, at_ms);

-- Until now money came with the dossier and in no other way.
INSERT INTO cash(entity, n, date, at_ms, officer, method, amount)
SELECT entity, 1, date(received_ms / 1000 + 25200, 'unixepoch'), received_ms,
       json_extract(doc, '$.officer'), json_extract(doc, '$.fee.method'),
       json_extract(doc, '$.fee.amount')
FROM case_file
WHERE json_extract(doc, '$.fee.method') IN ('cash', 'transfer')
  AND json_extract(doc, '$.fee.amount') > 0;
