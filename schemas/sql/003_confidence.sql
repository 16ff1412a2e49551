-- How sure an extractor is, and why. NULL: a person said it, or the extractor does not tell.

ALTER TABLE findings ADD COLUMN confidence DOUBLE;      -- that organ, side, sizes and count are right
ALTER TABLE findings ADD COLUMN decided_by JSON;        -- per decision its probability and strongest features
ALTER TABLE extractions ADD COLUMN confidence DOUBLE;   -- expected share of the findings that are found and right
ALTER TABLE organ_status ADD COLUMN confidence DOUBLE;
