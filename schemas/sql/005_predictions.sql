-- What a trained run finds in a case, so that it can be held against the report.

CREATE TABLE predictions (              -- one row per run, case and organ: the latest
    run          VARCHAR NOT NULL,      -- run folder
    step         BIGINT NOT NULL,       -- of training that the weights come from
    case_id      VARCHAR NOT NULL,
    organ        VARCHAR NOT NULL,
    threshold    DOUBLE NOT NULL,       -- probability from which a voxel is lesion
    volume_mm3   DOUBLE NOT NULL,       -- of all lesions; 0 = none
    diameters_mm DOUBLE[] NOT NULL,     -- longest axial diameter of each lesion, largest first
    predicted_at TIMESTAMP NOT NULL
    -- key: run, case_id, organ
);
