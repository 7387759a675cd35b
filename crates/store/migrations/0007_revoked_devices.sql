-- A device whose access was taken away stays in the list with what it has recorded.
ALTER TABLE device ADD COLUMN revoked INTEGER NOT NULL DEFAULT 0;
