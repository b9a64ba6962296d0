-- In what order deliveries came to an outcome: what whoever waits for the next one asks for.
ALTER TABLE deliveries ADD COLUMN sequence INTEGER;
UPDATE deliveries SET sequence = id WHERE state <> 'pending';
CREATE UNIQUE INDEX deliveries_by_sequence ON deliveries (sequence) WHERE sequence IS NOT NULL;
CREATE INDEX deliveries_of_callback_by_sequence ON deliveries (callback, sequence) WHERE sequence IS NOT NULL;
