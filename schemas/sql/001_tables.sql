-- Schema version 1. A later version is a new numbered file; a file that has shipped is never edited.
-- The tables that grow with the number of reports have no PRIMARY KEY: DuckDB holds its index in memory and copies it
-- whole at every checkpoint, so that memory would grow with the reports. The one writer keeps their keys unique.

CREATE TABLE runs (                     -- one row per extractor configuration: a killed and resumed run is one run
    run_id            VARCHAR PRIMARY KEY,   -- hash of extractor, version and configuration
    extractor         VARCHAR NOT NULL,      -- rules | transformers | openai | hybrid | reader
    extractor_version VARCHAR NOT NULL,
    config_hash       VARCHAR NOT NULL,      -- rules, schema, prompt, model and parameters
    config            JSON,
    started_at        TIMESTAMP NOT NULL,
    updated_at        TIMESTAMP NOT NULL
);

CREATE TABLE reports (
    report_id   VARCHAR NOT NULL,       -- key
    text        VARCHAR NOT NULL,
    text_sha256 VARCHAR NOT NULL,
    modality    VARCHAR,
    exam        VARCHAR,
    study_date  VARCHAR,
    sex         VARCHAR,
    age         VARCHAR,
    patient_id  VARCHAR,
    source_file VARCHAR,
    source_row  BIGINT,
    extra       JSON                    -- the input's other columns
);

CREATE TABLE extractions (              -- one status row per report and run
    run_id         VARCHAR NOT NULL,
    report_id      VARCHAR NOT NULL,
    text_sha256    VARCHAR NOT NULL,    -- of the text that was read; differs from reports.text_sha256 when stale
    status         VARCHAR NOT NULL,    -- ok | no_lesion | rejected | error
    reason         VARCHAR,
    review_reasons VARCHAR[],           -- why the extractor is unsure; empty = confident
    details        JSON,                -- backend's own account: tokens, agreement per field, truncation …
    seconds        DOUBLE,
    extracted_at   TIMESTAMP NOT NULL
    -- key: run_id, report_id
);

CREATE TABLE findings (
    run_id          VARCHAR NOT NULL,
    finding_id      VARCHAR NOT NULL,   -- hash of report, anchor offset, organ, ordinal: stable across runs
    report_id       VARCHAR NOT NULL,
    organ           VARCHAR NOT NULL,
    laterality      VARCHAR,
    location        VARCHAR[] NOT NULL,
    lesion_type     VARCHAR NOT NULL,
    type_text       VARCHAR,
    certainty       VARCHAR NOT NULL,
    count           INTEGER,            -- exact number, NULL = not said
    count_min       INTEGER NOT NULL,
    size_bound      VARCHAR,            -- exact | upper | lower
    attenuation     VARCHAR,
    image_reference VARCHAR,
    section         VARCHAR NOT NULL,
    anchor_start    INTEGER NOT NULL,   -- offsets count Unicode code points, as DuckDB's substring does
    anchor_end      INTEGER NOT NULL
    -- key: run_id, finding_id
);

CREATE TABLE measurements (
    run_id       VARCHAR NOT NULL,
    finding_id   VARCHAR NOT NULL,
    idx          INTEGER NOT NULL,
    exam         VARCHAR NOT NULL,      -- current | prior
    diameters_mm DOUBLE[] NOT NULL,     -- one to three, largest first
    source_start INTEGER NOT NULL,
    source_end   INTEGER NOT NULL,
    source_text  VARCHAR NOT NULL
    -- key: run_id, finding_id, idx
);

CREATE TABLE evidence (
    run_id     VARCHAR NOT NULL,
    finding_id VARCHAR NOT NULL,
    idx        INTEGER NOT NULL,
    start      INTEGER NOT NULL,
    "end"      INTEGER NOT NULL,
    text       VARCHAR NOT NULL
    -- key: run_id, finding_id, idx
);

CREATE TABLE organ_status (             -- what a report says of an organ; absent row = not mentioned
    run_id    VARCHAR NOT NULL,
    report_id VARCHAR NOT NULL,
    organ     VARCHAR NOT NULL,
    status    VARCHAR NOT NULL          -- lesion | negative
    -- key: run_id, report_id, organ
);

CREATE TABLE quarantine (               -- findings that failed validation
    run_id    VARCHAR NOT NULL,
    report_id VARCHAR NOT NULL,
    idx       INTEGER NOT NULL,
    reason    VARCHAR NOT NULL,
    finding   JSON NOT NULL
    -- key: run_id, report_id, idx
);

CREATE TABLE rejects (                  -- input rows that are no report
    source_file VARCHAR NOT NULL,
    source_row  BIGINT NOT NULL,
    report_id   VARCHAR,
    reason      VARCHAR NOT NULL
    -- key: source_file, source_row
);

CREATE TABLE corrections (              -- a reader's edit overrides, it never overwrites
    correction_id VARCHAR PRIMARY KEY,
    finding_id    VARCHAR NOT NULL,
    field         VARCHAR NOT NULL,     -- a column of v_findings, or 'excluded' with new_value 'true'
    old_value     VARCHAR,
    new_value     VARCHAR,              -- lists as JSON
    corrected_by  VARCHAR NOT NULL,
    corrected_at  TIMESTAMP NOT NULL,
    reason        VARCHAR
);

CREATE TABLE cases (
    case_id     VARCHAR PRIMARY KEY,
    report_id   VARCHAR,
    patient_id  VARCHAR,
    split       VARCHAR,                -- train | validation | test
    site        VARCHAR,
    ct_path     VARCHAR NOT NULL,
    mask_folder VARCHAR,
    shape       INTEGER[],
    spacing_mm  DOUBLE[],
    orientation VARCHAR,
    status      VARCHAR NOT NULL,       -- ok | set_aside
    fingerprint VARCHAR                 -- sizes and times of the files, to notice changes
);

CREATE TABLE case_masks (
    case_id    VARCHAR NOT NULL,
    mask       VARCHAR NOT NULL,        -- canonical name of schemas/anatomy.toml
    path       VARCHAR NOT NULL,
    label      INTEGER,                 -- value inside a label map; NULL = binary mask
    status     VARCHAR NOT NULL,        -- present | empty
    volume_mm3 DOUBLE,
    PRIMARY KEY (case_id, mask)
);

CREATE TABLE case_problems (
    case_id   VARCHAR NOT NULL,
    idx       INTEGER NOT NULL,
    problem   VARCHAR NOT NULL,
    observed  VARCHAR NOT NULL,
    expected  VARCHAR NOT NULL,
    next_step VARCHAR NOT NULL,
    fatal     BOOLEAN NOT NULL,
    PRIMARY KEY (case_id, idx)
);

CREATE TABLE organs (                   -- copy of schemas/anatomy.toml for SQL users, refreshed on open
    organ     VARCHAR PRIMARY KEY,
    label     VARCHAR NOT NULL,
    snomed_ct VARCHAR,
    paired    BOOLEAN NOT NULL,
    target    BOOLEAN NOT NULL
);
