-- Corrections belong to a lesion: they are matched to the findings of the current reading after every run.

-- Views of an older program that no longer exist.
DROP VIEW IF EXISTS v_latest_corrections;

ALTER TABLE findings ADD COLUMN corrected BOOLEAN;  -- an imported finding that a person had changed or added

-- An attempt that failed where an earlier one of the same run had succeeded: the earlier one stays.
ALTER TABLE extractions ADD COLUMN failed_status VARCHAR;   -- rejected | error
ALTER TABLE extractions ADD COLUMN failed_reason VARCHAR;
ALTER TABLE extractions ADD COLUMN failed_at TIMESTAMP;

CREATE TEMP TABLE earlier_corrections AS FROM corrections;
DROP TABLE corrections;

CREATE TABLE corrections (              -- append-only: a withdrawal is a row of its own
    correction_id VARCHAR NOT NULL,     -- key
    seq           BIGINT NOT NULL,      -- order of recording, since clocks go back
    kind          VARCHAR NOT NULL,     -- edit | delete | add | withdraw
    report_id     VARCHAR,              -- NULL: an old correction whose finding had gone before lesions were stored
    finding_id    VARCHAR NOT NULL,     -- what the finding was called then; that of an added one never changes
    -- The lesion as the extraction had it, before any correction:
    text_sha256   VARCHAR,              -- of the text that was read
    organ         VARCHAR,
    laterality    VARCHAR,
    location      VARCHAR[],
    quotes        VARCHAR[],
    sizes_mm      DOUBLE[][],
    anchor_start  INTEGER,
    anchor_end    INTEGER,
    others        JSON,                 -- the other lesions of that reading, which it must not be mistaken for
    field         VARCHAR,              -- edit: a column of v_findings
    old_value     VARCHAR,              -- edit: what v_findings showed
    new_value     VARCHAR,              -- edit: lists as JSON; add: the finding as JSON
    withdraws     VARCHAR,              -- withdraw: a correction_id
    corrected_by  VARCHAR NOT NULL,
    corrected_at  TIMESTAMP NOT NULL,
    reason        VARCHAR
);

-- From here on derived: written anew from `corrections` whenever a report, its reading or its corrections change.
CREATE TABLE correction_matches (
    correction_id VARCHAR NOT NULL,     -- of an edit, delete or add that is not withdrawn
    report_id     VARCHAR,
    finding_id    VARCHAR,              -- in the current reading
    outcome       VARCHAR NOT NULL,     -- matched | unmatched | ambiguous | conflict | superseded
    changed       VARCHAR[],            -- parts of the lesion that are not as they were
    reason        VARCHAR               -- of a conflict
);

CREATE TABLE corrected_findings (       -- what corrections make of findings; `deleted` ones leave the views
    report_id       VARCHAR NOT NULL,
    finding_id      VARCHAR NOT NULL,
    run_id          VARCHAR NOT NULL,
    deleted         BOOLEAN NOT NULL,
    organ           VARCHAR,
    laterality      VARCHAR,
    location        VARCHAR[],
    lesion_type     VARCHAR,
    type_text       VARCHAR,
    certainty       VARCHAR,
    count           INTEGER,
    count_min       INTEGER,
    sizes_mm        DOUBLE[][],
    size_bound      VARCHAR,
    prior_sizes_mm  DOUBLE[][],
    attenuation     VARCHAR,
    image_reference VARCHAR,
    section         VARCHAR,
    evidence        STRUCT(start INTEGER, "end" INTEGER, text VARCHAR)[],
    anchor_start    INTEGER,
    anchor_end      INTEGER
);

CREATE TABLE annotation_withdrawals (   -- append-only: a reader's annotation counts until it is withdrawn
    run_id       VARCHAR NOT NULL,
    report_id    VARCHAR NOT NULL,
    withdrawn_by VARCHAR NOT NULL,
    withdrawn_at TIMESTAMP NOT NULL,
    reason       VARCHAR
);

-- The lesions of earlier corrections, from the latest run that still has their finding.
CREATE TEMP TABLE earlier_lesions AS
SELECT f.finding_id, f.run_id, f.report_id, e.text_sha256, f.organ, f.laterality, f.location, f.anchor_start, f.anchor_end,
       coalesce((SELECT list(q.text ORDER BY q.idx) FROM evidence q
                  WHERE q.run_id = f.run_id AND q.finding_id = f.finding_id), []) AS quotes,
       coalesce((SELECT list(m.diameters_mm ORDER BY m.idx) FROM measurements m
                  WHERE m.run_id = f.run_id AND m.finding_id = f.finding_id AND m.exam = 'current'), []) AS sizes_mm
FROM findings f JOIN extractions e USING (run_id, report_id)
WHERE f.report_id IN (SELECT report_id FROM findings WHERE finding_id IN (SELECT finding_id FROM earlier_corrections))
QUALIFY e.extracted_at = max(e.extracted_at) OVER (PARTITION BY f.finding_id);

CREATE TEMP TABLE earlier_keys AS
SELECT l.*, (SELECT to_json(list({organ: o.organ, laterality: o.laterality, location: o.location, quotes: o.quotes,
                                  sizes_mm: o.sizes_mm, anchor: [o.anchor_start, o.anchor_end]}))
             FROM earlier_lesions o
             WHERE o.run_id = l.run_id AND o.report_id = l.report_id AND o.finding_id <> l.finding_id) AS others
FROM earlier_lesions l QUALIFY row_number() OVER (PARTITION BY l.finding_id ORDER BY l.run_id) = 1;

-- `excluded` = true was a deletion, `excluded` = false took the earlier ones back.
CREATE TEMP TABLE earlier_numbered AS
SELECT *, row_number() OVER (ORDER BY corrected_at, correction_id) AS n,
       CASE WHEN field <> 'excluded' THEN 'edit' WHEN new_value = 'true' THEN 'delete' ELSE 'withdraw' END AS kind
FROM earlier_corrections;

INSERT INTO corrections
SELECT CASE WHEN w.k > 1 THEN c.correction_id || '-' || w.k ELSE c.correction_id END,
       row_number() OVER (ORDER BY c.n, w.k), c.kind, l.report_id, c.finding_id, l.text_sha256, l.organ, l.laterality, l.location,
       l.quotes, l.sizes_mm, l.anchor_start, l.anchor_end, l.others,
       CASE WHEN c.kind = 'edit' THEN c.field END, CASE WHEN c.kind = 'edit' THEN c.old_value END,
       CASE WHEN c.kind = 'edit' THEN c.new_value END, w.correction_id, c.corrected_by, c.corrected_at, c.reason
FROM earlier_numbered c
LEFT JOIN earlier_keys l USING (finding_id)
LEFT JOIN (SELECT a.correction_id AS of, d.correction_id, row_number() OVER (PARTITION BY a.correction_id ORDER BY d.n) AS k
           FROM earlier_numbered a JOIN earlier_numbered d
             ON a.kind = 'withdraw' AND d.kind = 'delete' AND d.finding_id = a.finding_id AND d.n < a.n) w
  ON w.of = c.correction_id
ORDER BY c.n, w.k;

DROP TABLE earlier_keys;
DROP TABLE earlier_lesions;
DROP TABLE earlier_numbered;
DROP TABLE earlier_corrections;
