-- A delivery may be one that is made again: signed anew, or, if it has a head, byte for byte.
ALTER TABLE deliveries ADD COLUMN repeats INTEGER; -- the number of the delivery
ALTER TABLE deliveries ADD COLUMN head TEXT; -- the head of the request that is sent as it is

-- Which faults have touched it, as a list in JSON: [[attempt, name], ...]
ALTER TABLE deliveries ADD COLUMN faults TEXT NOT NULL DEFAULT '[]';
