-- A delivery may be attempted several times, and each attempt is told by itself.
CREATE TABLE attempts (
    id            INTEGER PRIMARY KEY,
    delivery      INTEGER NOT NULL REFERENCES deliveries (id),
    number        INTEGER NOT NULL, -- from 1
    started       INTEGER NOT NULL, -- in real time
    micros        INTEGER NOT NULL, -- how long it took
    answered      INTEGER, -- after how many microseconds the head of the answer was there
    request_head  TEXT NOT NULL, -- empty if nothing was sent
    status        INTEGER, -- of the HTTP answer
    response_head TEXT,
    answer        BLOB,    -- the beginning of its body
    error         TEXT,    -- the class of the error
    error_detail  TEXT
) STRICT;
CREATE UNIQUE INDEX attempts_of_delivery ON attempts (delivery, number);

ALTER TABLE deliveries ADD COLUMN attempts INTEGER NOT NULL DEFAULT 0; -- how many there were
UPDATE deliveries SET attempts = 1 WHERE state <> 'pending';
INSERT INTO attempts (delivery, number, started, micros, request_head, status, answer, error, error_detail)
SELECT id, 1, coalesce(started, 0), coalesce(micros, 0), coalesce(request_head, ''), status, answer, error, error_detail
FROM deliveries WHERE state <> 'pending';
ALTER TABLE deliveries DROP COLUMN started;
ALTER TABLE deliveries DROP COLUMN micros;
ALTER TABLE deliveries DROP COLUMN request_head;
ALTER TABLE deliveries DROP COLUMN status;
ALTER TABLE deliveries DROP COLUMN answer;
ALTER TABLE deliveries DROP COLUMN error;
ALTER TABLE deliveries DROP COLUMN error_detail;

-- Links go with what they were made for when its database is removed.
CREATE INDEX links_of_entity ON links (entity_kind, entity);

-- When the next attempt is due, by the publisher's clock; 0 for the first one, which is due at once.
ALTER TABLE lanes ADD COLUMN due INTEGER NOT NULL DEFAULT 0;
DROP INDEX lanes_by_delivery;
CREATE INDEX lanes_by_due ON lanes (callback, due, delivery);
