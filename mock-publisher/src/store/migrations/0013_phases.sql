-- How long the parts of making a connection took, in microseconds, if one was made for the attempt.
ALTER TABLE attempts ADD COLUMN dns INTEGER;
ALTER TABLE attempts ADD COLUMN connect INTEGER;
