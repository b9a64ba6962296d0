-- How what a callback tells is delivered; NULL for what is up to the server. The outbox may still have something for a callback
-- that is gone, so this outlives it.
CREATE TABLE terms (
    callback    INTEGER PRIMARY KEY,
    paused      INTEGER NOT NULL,
    schedule    TEXT,
    concurrency INTEGER,
    rate        REAL,    -- attempts per second
    ordering    TEXT,
    timeout_ms  INTEGER
) STRICT;

-- A lane is named after its profile or subprofile, or, where nothing is to be in order, after the change: its number, with
-- a minus.
ALTER TABLE lanes RENAME COLUMN entity TO lane;
ALTER TABLE deliveries RENAME COLUMN entity TO lane;
