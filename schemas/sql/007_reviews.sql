-- Reviews of reports by readers: what was accepted, which reports were read to the end, and how they were drawn.

ALTER TABLE corrections ADD COLUMN review_id VARCHAR;  -- the saved review that it came from
-- corrections.kind may from now on also be `accept`: the finding is right as v_findings shows it.

CREATE TABLE reviews (                  -- append-only; the latest row of a report and review counts
    review_id   VARCHAR NOT NULL,
    report_id   VARCHAR NOT NULL,
    run_id      VARCHAR NOT NULL,       -- the reading that was reviewed
    text_sha256 VARCHAR NOT NULL,
    complete    BOOLEAN NOT NULL,       -- all findings are decided on, and missing ones added
    reviewed_by VARCHAR NOT NULL,
    saved_at    TIMESTAMP NOT NULL,     -- of the review's file
    recorded_at TIMESTAMP NOT NULL
);

CREATE TABLE review_samples (
    sample_id     VARCHAR NOT NULL,     -- key
    seed          BIGINT NOT NULL,
    stratified_by VARCHAR[] NOT NULL,
    view          VARCHAR,              -- drawn from this audit view only
    drawn_at      TIMESTAMP NOT NULL
);

CREATE TABLE review_sample_reports (
    sample_id    VARCHAR NOT NULL,
    report_id    VARCHAR NOT NULL,
    stratum      VARCHAR NOT NULL,
    stratum_size INTEGER NOT NULL       -- reports of the stratum when the sample was drawn
);
