-- How long TLS took, in microseconds, if it was agreed on for the attempt.
ALTER TABLE attempts ADD COLUMN tls INTEGER;
