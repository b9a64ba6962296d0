-- Collections and subprofiles, whole fields, conditions, and why a callback fired or not.

ALTER TABLE databases ADD COLUMN description TEXT NOT NULL DEFAULT '';
ALTER TABLE databases ADD COLUMN archived INTEGER NOT NULL DEFAULT 0;
ALTER TABLE databases ADD COLUMN created INTEGER NOT NULL DEFAULT 0;
ALTER TABLE databases ADD COLUMN unsubscribe TEXT NOT NULL DEFAULT '{"behavior":"nothing"}'; -- JSON
ALTER TABLE databases ADD COLUMN intentions TEXT NOT NULL
    DEFAULT '{"email":false,"sms":false,"fax":false,"pdf":false}'; -- JSON

CREATE TABLE collections (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    database    INTEGER NOT NULL REFERENCES databases (id),
    name        TEXT NOT NULL COLLATE NOCASE,
    description TEXT NOT NULL,
    unsubscribe TEXT NOT NULL, -- JSON
    intentions  TEXT NOT NULL, -- JSON
    UNIQUE (database, name)
) STRICT;

-- A field belongs to a database or to a collection.
CREATE TABLE all_fields (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    database   INTEGER REFERENCES databases (id),
    collection INTEGER REFERENCES collections (id),
    name       TEXT NOT NULL COLLATE NOCASE,
    kind       TEXT NOT NULL,
    value      TEXT NOT NULL, -- the default, or the choices
    displayed  INTEGER NOT NULL,
    ordered    INTEGER NOT NULL,
    length     INTEGER NOT NULL,
    textlines  INTEGER NOT NULL,
    hidden     INTEGER NOT NULL,
    indexed    INTEGER NOT NULL,
    CHECK ((database IS NULL) <> (collection IS NULL)),
    UNIQUE (database, name),
    UNIQUE (collection, name)
) STRICT;
INSERT INTO all_fields
    SELECT id, database, NULL, name, kind, default_value, 1, 0, 50, 1, 0, 0 FROM fields;
-- The number of what has been removed is not given again: values, deliveries and decisions may still have it.
DELETE FROM sqlite_sequence WHERE name = 'all_fields';
INSERT INTO sqlite_sequence SELECT 'all_fields', seq FROM sqlite_sequence WHERE name = 'fields';

ALTER TABLE interests ADD COLUMN group_name TEXT NOT NULL DEFAULT '';

-- Values are kept by the number of their field, so that a field can get another name: JSON [[number, value], ...].
UPDATE profiles SET fields = (
    SELECT json_group_array(json_array(f.id, json_extract(pair.value, '$[1]')))
    FROM json_each(profiles.fields) pair
    JOIN fields f ON f.database = profiles.database AND f.name = json_extract(pair.value, '$[0]')
);
DROP TABLE fields;
ALTER TABLE all_fields RENAME TO fields;

CREATE TABLE subprofiles (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    profile    INTEGER NOT NULL,
    collection INTEGER NOT NULL REFERENCES collections (id),
    database   INTEGER NOT NULL REFERENCES databases (id),
    fields     TEXT NOT NULL, -- as those of a profile
    secret     TEXT NOT NULL,
    created    INTEGER NOT NULL,
    modified   INTEGER NOT NULL,
    removed    INTEGER
) STRICT;
CREATE INDEX subprofiles_of_profile ON subprofiles (profile, collection, id) WHERE removed IS NULL;
CREATE INDEX subprofiles_of_collection ON subprofiles (collection, id) WHERE removed IS NULL;

-- A callback watches a database or a collection.
CREATE TABLE all_callbacks (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    database   INTEGER REFERENCES databases (id),
    collection INTEGER REFERENCES collections (id),
    url        TEXT NOT NULL,
    method     TEXT NOT NULL,
    action     TEXT NOT NULL,
    triggers   TEXT NOT NULL, -- names with commas between
    expression TEXT NOT NULL, -- JavaScript; empty for none
    rules      TEXT,          -- JSON
    dialect    TEXT,          -- of the payload; NULL for what the server says
    wire       TEXT,          -- how headers are spelled; NULL for what the server says
    active     INTEGER NOT NULL,
    CHECK ((database IS NULL) <> (collection IS NULL))
) STRICT;
INSERT INTO all_callbacks
    SELECT id, database, NULL, url, method, action, triggers, '', NULL, NULL, NULL, active FROM callbacks;
DELETE FROM sqlite_sequence WHERE name = 'all_callbacks';
INSERT INTO sqlite_sequence SELECT 'all_callbacks', seq FROM sqlite_sequence WHERE name = 'callbacks';
DROP TABLE callbacks;
ALTER TABLE all_callbacks RENAME TO callbacks;
CREATE INDEX callbacks_of_database ON callbacks (database);
CREATE INDEX callbacks_of_collection ON callbacks (collection);

ALTER TABLE changes RENAME COLUMN profile TO entity;
ALTER TABLE changes ADD COLUMN kind TEXT NOT NULL DEFAULT 'profile';
ALTER TABLE changes ADD COLUMN collection INTEGER; -- of a subprofile
ALTER TABLE changes ADD COLUMN changed TEXT;       -- of an update: JSON [[name, old, new], ...]

-- A payload in one form may have the content type of another, and a callback its own spelling of headers.
ALTER TABLE deliveries ADD COLUMN content_type TEXT NOT NULL DEFAULT 'application/json';
UPDATE deliveries SET content_type = 'application/xml' WHERE method = 'xml';
ALTER TABLE deliveries ADD COLUMN wire TEXT;

-- What was decided about a change for each callback in its scope.
CREATE TABLE decisions (
    change   INTEGER NOT NULL REFERENCES changes (id),
    callback INTEGER NOT NULL,
    reason   TEXT NOT NULL,
    looks    TEXT, -- JSON: what the condition looked at, and what it found
    error    TEXT, -- what went wrong with the condition
    PRIMARY KEY (change, callback)
) STRICT, WITHOUT ROWID;
CREATE INDEX deliveries_of_change ON deliveries (change);
