-- Whether a delivery was made again is asked of each that is to be.
CREATE INDEX deliveries_repeats ON deliveries (repeats) WHERE repeats IS NOT NULL;
