-- What is delivered in order: everything that one callback is told of one profile or subprofile. A lane is here while it has
-- something in the outbox, so that what may go out next is found without looking at what waits behind it.
CREATE TABLE lanes (
    callback INTEGER NOT NULL,
    entity   INTEGER NOT NULL, -- a profile or a subprofile: a callback tells of one or the other
    delivery INTEGER NOT NULL, -- the first one in the outbox
    PRIMARY KEY (callback, entity)
) STRICT, WITHOUT ROWID;
CREATE INDEX lanes_by_delivery ON lanes (callback, delivery);

ALTER TABLE deliveries ADD COLUMN entity INTEGER;
UPDATE deliveries SET entity = (SELECT entity FROM changes WHERE changes.id = deliveries.change);
DROP INDEX deliveries_pending;
CREATE INDEX deliveries_pending ON deliveries (callback, entity, id) WHERE state = 'pending';

INSERT INTO lanes (callback, entity, delivery)
SELECT callback, entity, min(id) FROM deliveries WHERE state = 'pending' GROUP BY callback, entity;
