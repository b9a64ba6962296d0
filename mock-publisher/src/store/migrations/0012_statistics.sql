-- What attempts came to, by the minute of real time in which they began. It stays when the log forgets the deliveries.
CREATE TABLE outcomes (
    minute       INTEGER NOT NULL, -- since 1970-01-01T00:00:00Z
    callback     INTEGER NOT NULL,
    action       TEXT NOT NULL,
    trigger_name TEXT NOT NULL,
    outcome      TEXT NOT NULL, -- delivered, failed, or retried if another attempt follows
    error        TEXT NOT NULL, -- the class of the error, empty if there is none
    count        INTEGER NOT NULL,
    PRIMARY KEY (minute, callback, action, trigger_name, outcome, error)
) STRICT, WITHOUT ROWID;

-- How long it took until the head of the answer was there, in buckets that grow with the time.
CREATE TABLE latencies (
    minute   INTEGER NOT NULL,
    callback INTEGER NOT NULL,
    bucket   INTEGER NOT NULL,
    count    INTEGER NOT NULL,
    PRIMARY KEY (minute, callback, bucket)
) STRICT, WITHOUT ROWID;

-- When a delivery came to its outcome, by the publisher's clock.
ALTER TABLE deliveries ADD COLUMN finished INTEGER;
UPDATE deliveries SET finished = (SELECT started FROM attempts a WHERE a.delivery = deliveries.id AND a.number = deliveries.attempts)
WHERE state <> 'pending';
