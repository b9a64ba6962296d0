-- Imports: what was asked for, and how far it got. A row is changed in the transaction of the rows that it counts, so that it is
-- right whenever the program ends.

CREATE TABLE imports (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    database  INTEGER NOT NULL REFERENCES databases (id),
    name      TEXT NOT NULL,
    action    TEXT NOT NULL,
    status    TEXT NOT NULL, -- ready, running, finished, failed, interrupted
    begun     INTEGER,
    ended     INTEGER,
    total     INTEGER NOT NULL DEFAULT 0, -- rows in the file, once they have been counted
    processed INTEGER NOT NULL DEFAULT 0, -- rows that were carried out
    created   INTEGER NOT NULL DEFAULT 0, -- profiles and subprofiles
    updated   INTEGER NOT NULL DEFAULT 0,
    removed   INTEGER NOT NULL DEFAULT 0,
    unchanged INTEGER NOT NULL DEFAULT 0,
    fired     INTEGER NOT NULL DEFAULT 0, -- callbacks
    error     TEXT
) STRICT;
