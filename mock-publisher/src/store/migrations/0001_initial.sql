-- Everything that a publisher keeps. Times are milliseconds since 1970-01-01T00:00:00Z.

CREATE TABLE databases (
    id   INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL COLLATE NOCASE UNIQUE
) STRICT;

CREATE TABLE fields (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    database      INTEGER NOT NULL REFERENCES databases (id),
    name          TEXT NOT NULL COLLATE NOCASE,
    kind          TEXT NOT NULL,
    default_value TEXT NOT NULL,
    UNIQUE (database, name)
) STRICT;

CREATE TABLE interests (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    database INTEGER NOT NULL REFERENCES databases (id),
    name     TEXT NOT NULL COLLATE NOCASE,
    UNIQUE (database, name)
) STRICT;

-- AUTOINCREMENT: the number of a removed profile is never given to another one.
CREATE TABLE profiles (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    database  INTEGER NOT NULL REFERENCES databases (id),
    fields    TEXT NOT NULL, -- JSON: [[name, value], ...] in the order of the fields
    interests TEXT NOT NULL, -- JSON: [name, ...]
    secret    TEXT NOT NULL,
    created   INTEGER NOT NULL,
    modified  INTEGER NOT NULL,
    removed   INTEGER
) STRICT;
CREATE INDEX profiles_of_database ON profiles (database, id) WHERE removed IS NULL;

CREATE TABLE callbacks (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    database INTEGER NOT NULL REFERENCES databases (id),
    url      TEXT NOT NULL,
    method   TEXT NOT NULL,
    action   TEXT NOT NULL,
    triggers TEXT NOT NULL, -- names with commas between
    active   INTEGER NOT NULL
) STRICT;
CREATE INDEX callbacks_of_database ON callbacks (database);

CREATE TABLE changes (
    id       INTEGER PRIMARY KEY AUTOINCREMENT,
    time     INTEGER NOT NULL,
    trigger_name TEXT NOT NULL,
    action   TEXT NOT NULL,
    database INTEGER NOT NULL,
    profile  INTEGER NOT NULL
) STRICT;

-- The outbox and the delivery log are one table: a row is `pending` until it has been attempted. The callback may be gone
-- by then, so the row has all that an attempt needs.
CREATE TABLE deliveries (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    change       INTEGER NOT NULL REFERENCES changes (id),
    callback     INTEGER NOT NULL,
    url          TEXT NOT NULL,
    method       TEXT NOT NULL,
    body         BLOB NOT NULL,
    state        TEXT NOT NULL, -- pending, delivered, failed
    started      INTEGER,
    micros       INTEGER, -- how long the attempt took
    request_head TEXT,
    status       INTEGER, -- of the HTTP answer
    answer       BLOB,    -- the beginning of its body
    error        TEXT,    -- the class of the error
    error_detail TEXT
) STRICT;
CREATE INDEX deliveries_pending ON deliveries (callback, id) WHERE state = 'pending';
