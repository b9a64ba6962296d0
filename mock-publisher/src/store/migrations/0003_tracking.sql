-- Links and pixels of messages, and the scripts that run when one is followed or a delivery fails.

CREATE TABLE links (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    token       TEXT NOT NULL UNIQUE, -- the secret in its address
    occasion    TEXT NOT NULL,        -- click, open
    entity_kind TEXT NOT NULL,
    entity      INTEGER NOT NULL,
    url         TEXT,                 -- where a click leads; NULL for nowhere
    script      TEXT,                 -- NULL for the handler of the database
    about       TEXT NOT NULL,        -- JSON: the mailing, message and template that it is in
    created     INTEGER NOT NULL,
    followed    INTEGER NOT NULL DEFAULT 0, -- how many times
    last_error  TEXT                  -- why the script failed the last time; NULL if it did not
) STRICT;

CREATE TABLE handlers (
    database INTEGER NOT NULL REFERENCES databases (id),
    occasion TEXT NOT NULL, -- click, open, failure, bounce
    script   TEXT NOT NULL,
    PRIMARY KEY (database, occasion)
) STRICT, WITHOUT ROWID;

-- What scripts keep with a profile or subprofile for later ones.
CREATE TABLE keepsakes (
    kind   TEXT NOT NULL,
    entity INTEGER NOT NULL,
    extra  TEXT NOT NULL,
    data   TEXT NOT NULL, -- JSON: an object of texts and numbers
    PRIMARY KEY (kind, entity)
) STRICT, WITHOUT ROWID;
