-- Columns of an imported file that have the name of no field, as a list in JSON.
ALTER TABLE imports ADD COLUMN ignored_columns TEXT NOT NULL DEFAULT '[]';
