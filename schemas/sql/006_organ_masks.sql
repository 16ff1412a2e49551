-- Organ masks that a segmenter made of a case: they fill in where the data set has none, or an empty one.

CREATE TABLE organ_masks (
    case_id VARCHAR NOT NULL,
    path    VARCHAR NOT NULL,           -- a folder with one file per mask, or a label map
    labels  JSON,                       -- of a label map: name → value
    made_by VARCHAR NOT NULL            -- segmenter
    -- key: case_id, path
);
