-- Copies of databases whose profiles have not all been copied yet. A row is changed in the transaction of the profiles that it
-- counts, so that a copy goes on where it was whenever the program ends.

CREATE TABLE copies (
    target INTEGER PRIMARY KEY REFERENCES databases (id),
    source INTEGER NOT NULL REFERENCES databases (id),
    pairs  TEXT NOT NULL, -- JSON: which collections, fields and interests became which, by their numbers
    last   INTEGER NOT NULL DEFAULT 0, -- the profile that was copied last
    newest INTEGER NOT NULL, -- nothing newer is copied: it came after the copy was asked for
    copied INTEGER NOT NULL DEFAULT 0 -- how many profiles
) STRICT;
