-- Who signed the end of each log, as it came over a line: by the chain of hashes that signature is
-- one over everything in it. Empty where records came on a stick, whose file is signed as a whole,
-- or where only a part of what was signed could be stored.
ALTER TABLE device_head
  ADD COLUMN signer    uuid,
  ADD COLUMN signature bytea CHECK (length(signature) = 64);
