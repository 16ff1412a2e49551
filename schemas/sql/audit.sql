-- Audit views: what a reader should look at first. Every one has report_id; none changes anything.
-- Findings come least sure first; those without a confidence come last.

-- Every finding of a machine with what decided it.
CREATE OR REPLACE VIEW audit_least_sure AS
SELECT report_id, finding_id, confidence, organ, laterality, sizes_mm, count_min, lesion_type, evidence, decided_by
FROM v_findings WHERE confidence IS NOT NULL ORDER BY confidence, finding_id;

CREATE OR REPLACE VIEW audit_unsized_lesions AS
SELECT report_id, finding_id, organ, laterality, location, lesion_type, count_min, evidence, confidence
FROM v_findings WHERE len(sizes_mm) = 0 ORDER BY confidence NULLS LAST, finding_id;

-- Larger than any lesion usually gets in the organ, or below 2 mm.
CREATE OR REPLACE VIEW audit_size_outliers AS
SELECT report_id, finding_id, organ, largest_diameter_mm, sizes_mm, size_bound, evidence, confidence
FROM v_findings
WHERE largest_diameter_mm < 2
   OR largest_diameter_mm > CASE organ WHEN 'lung' THEN 150 WHEN 'liver' THEN 250 WHEN 'kidney' THEN 250
       WHEN 'ovary' THEN 300 WHEN 'uterus' THEN 250 WHEN 'peritoneum' THEN 400 WHEN 'soft_tissue' THEN 300
       WHEN 'adrenal_gland' THEN 150 WHEN 'thyroid' THEN 80 WHEN 'prostate' THEN 60 WHEN 'lymph_node' THEN 100
       ELSE 200 END
ORDER BY confidence NULLS LAST, finding_id;

-- A size told twice, differently by more than 1 mm: one lesion in two sentences of a report (its headings do not matter), or
-- a lesion of the impression whose size is none of those told of its organ and side before it, beside the nearest of these.
CREATE OR REPLACE VIEW audit_section_contradictions AS
WITH retold AS (
    SELECT report_id, unnest(CAST(details->'retold' AS STRUCT(
               organ VARCHAR, anchor INTEGER, told STRUCT(section VARCHAR, start INTEGER, "end" INTEGER, mm DOUBLE)[])[])) AS r
    FROM v_extractions WHERE (details->'retold') IS NOT NULL
), summed_up AS (
    SELECT a.report_id, a.organ, a.finding_id, a.section, a.largest_diameter_mm AS mm, a.evidence, b.finding_id AS other_id,
           b.section AS other_section, b.largest_diameter_mm AS other_mm, b.evidence AS other_evidence, b.confidence
    FROM v_findings a JOIN v_findings b
      ON a.report_id = b.report_id AND a.organ = b.organ AND a.section IN ('findings', 'body', 'other')
     AND b.section IN ('impression', 'addendum') AND (a.laterality IS NOT DISTINCT FROM b.laterality)
    WHERE b.largest_diameter_mm IS NOT NULL AND a.largest_diameter_mm IS NOT NULL
    QUALIFY min(abs(a.largest_diameter_mm - b.largest_diameter_mm)) OVER (PARTITION BY b.finding_id) > 1
        AND row_number() OVER (PARTITION BY b.finding_id
                               ORDER BY abs(a.largest_diameter_mm - b.largest_diameter_mm), a.finding_id) = 1
)
SELECT f.report_id, f.organ, f.finding_id, r.told[1].section AS section, r.told[1].mm AS mm,
       [substring(p.text, r.told[1].start + 1, r.told[1]."end" - r.told[1].start)] AS evidence, f.finding_id AS other_id,
       r.told[2].section AS other_section, r.told[2].mm AS other_mm,
       [substring(p.text, r.told[2].start + 1, r.told[2]."end" - r.told[2].start)] AS other_evidence, f.confidence
FROM retold JOIN v_findings f ON f.report_id = retold.report_id AND f.organ = r.organ AND f.anchor_start = r.anchor
JOIN v_extractions e ON e.report_id = f.report_id JOIN reports p ON p.report_id = f.report_id
WHERE NOT f.corrected AND NOT e.stale
UNION ALL FROM summed_up ORDER BY confidence NULLS LAST, finding_id;

-- An organ called free of lesions that also has one.
CREATE OR REPLACE VIEW audit_negative_and_positive AS
SELECT s.report_id, s.organ, f.finding_id, f.evidence
FROM organ_status s JOIN v_extractions e USING (run_id, report_id)
JOIN v_findings f ON f.report_id = s.report_id AND f.organ = s.organ
WHERE s.status = 'negative';

-- Evidence that does not stand in the stored text (must be empty unless the report changed since).
CREATE OR REPLACE VIEW audit_ungrounded AS
SELECT f.report_id, f.finding_id, q.idx, q.text
FROM evidence q JOIN findings f USING (run_id, finding_id) JOIN reports r USING (report_id)
WHERE substring(r.text, q.start + 1, q."end" - q.start) <> q.text
UNION
SELECT q.report_id, q.finding_id, q.idx, q.text
FROM (SELECT report_id, finding_id, CAST(i - 1 AS INTEGER) AS idx, evidence[i].start AS start, evidence[i]."end" AS "end",
             evidence[i].text AS text
      FROM (SELECT report_id, finding_id, evidence, unnest(range(1, len(evidence) + 1)) AS i FROM corrected_findings
            WHERE NOT deleted)) q JOIN reports r USING (report_id)
WHERE substring(r.text, q.start + 1, q."end" - q.start) <> q.text;

-- Of the extraction that counts, of attempts after it, and of readers' annotations.
CREATE OR REPLACE VIEW audit_quarantine AS
SELECT q.report_id, r.extractor, q.run_id, q.reason, q.finding
FROM quarantine q JOIN runs r USING (run_id) JOIN v_extractions c USING (report_id) JOIN extractions e USING (run_id, report_id)
WHERE q.run_id = c.run_id OR r.extractor = 'reader' OR coalesce(e.failed_at, e.extracted_at) > c.extracted_at;

-- Corrections whose finding is not known any more, or not for sure; they are kept and tried again after every run.
CREATE OR REPLACE VIEW audit_corrections_without_finding AS
SELECT report_id, correction_id, kind, field, new_value, outcome, why, organ, laterality, location, sizes_mm, quotes, corrected_by,
       corrected_at
FROM v_corrections WHERE outcome IN ('unmatched', 'ambiguous', 'conflict') ORDER BY seq;

-- Corrections that are applied to a finding that is no longer as it was.
CREATE OR REPLACE VIEW audit_corrections_of_changed_findings AS
SELECT c.report_id, c.finding_id, c.correction_id, c.kind, c.field, c.new_value, c.changed, c.sizes_mm AS sizes_then_mm,
       (SELECT list(m.diameters_mm ORDER BY m.idx) FROM measurements m JOIN v_extractions e USING (run_id)
         WHERE e.report_id = c.report_id AND m.finding_id = c.finding_id AND m.exam = 'current') AS sizes_now_mm, c.quotes
FROM v_corrections c WHERE c.outcome = 'matched' AND len(c.changed) > 0 ORDER BY c.seq;

-- Readers' annotations that do not stand as they were given: rejected, of a text that changed since (moved to where their
-- quotes stand now), or stale, since one of their quotes is gone.
CREATE OR REPLACE VIEW audit_annotations AS
SELECT report_id, run_id, reader, problem, reason FROM v_annotations WHERE problem IS NOT NULL;

CREATE OR REPLACE VIEW audit_possible AS
SELECT report_id, finding_id, organ, lesion_type, evidence, confidence FROM v_findings WHERE certainty = 'possible'
ORDER BY confidence NULLS LAST, finding_id;

CREATE OR REPLACE VIEW audit_unsure AS
SELECT report_id, extractor, unnest(review_reasons) AS reason, confidence FROM v_extractions
WHERE len(review_reasons) > 0 ORDER BY confidence NULLS LAST, report_id;

CREATE OR REPLACE VIEW audit_organ_unknown AS
SELECT report_id, finding_id, lesion_type, evidence, confidence FROM v_findings WHERE organ = 'other'
ORDER BY confidence NULLS LAST, finding_id;

CREATE OR REPLACE VIEW audit_without_status AS
SELECT r.report_id, coalesce(e.status, 'not extracted') AS status, e.reason
FROM reports r LEFT JOIN v_extractions e USING (report_id)
WHERE e.status IS NULL OR e.status IN ('error', 'rejected', 'unreadable') OR e.stale;

-- Another language, or no report: nothing is known of them, least of all that there is no lesion.
CREATE OR REPLACE VIEW audit_unreadable AS
SELECT report_id, reason, extractor FROM v_extractions WHERE status = 'unreadable';

CREATE OR REPLACE VIEW audit_rejected_rows AS
SELECT source_file, source_row, report_id, reason FROM rejects;

-- Two extractors' answers to one report, where the organs they find differ or agree only in part.
CREATE OR REPLACE VIEW audit_disagreements AS
WITH answers AS (
    SELECT e.report_id, e.run_id, r.extractor,
           (SELECT list(DISTINCT f.organ ORDER BY f.organ) FROM findings f
             WHERE f.run_id = e.run_id AND f.report_id = e.report_id) AS organs,
           (SELECT count(*) FROM findings f WHERE f.run_id = e.run_id AND f.report_id = e.report_id) AS n_findings,
           (SELECT list(round(m.diameters_mm[1]) ORDER BY round(m.diameters_mm[1])) FROM findings f
             JOIN measurements m USING (run_id, finding_id)
             WHERE f.run_id = e.run_id AND f.report_id = e.report_id AND m.exam = 'current') AS sizes_mm
    FROM extractions e JOIN runs r USING (run_id) WHERE e.status IN ('ok', 'no_lesion')
)
SELECT a.report_id, a.run_id AS run_a, b.run_id AS run_b, a.extractor AS extractor_a, b.extractor AS extractor_b,
       a.organs AS organs_a, b.organs AS organs_b, a.n_findings AS n_a, b.n_findings AS n_b,
       a.sizes_mm AS sizes_a_mm, b.sizes_mm AS sizes_b_mm
FROM answers a JOIN answers b ON a.report_id = b.report_id AND a.run_id < b.run_id
WHERE a.organs IS DISTINCT FROM b.organs OR a.n_findings <> b.n_findings OR a.sizes_mm IS DISTINCT FROM b.sizes_mm;

-- Reports that the hybrid asked a language model about: why, whose answer was taken, how many findings only one of them has.
CREATE OR REPLACE VIEW audit_hybrid AS
SELECT report_id, details->>'choice' AS choice, details->>'because' AS because, details->'reasons' AS reasons,
       CAST(details->'agreement'->>'pairs' AS INTEGER) AS in_both,
       CAST(details->'agreement'->>'only_rules' AS INTEGER) AS only_rules,
       CAST(details->'agreement'->>'only_llm' AS INTEGER) AS only_llm, details->'agreement'->'equal' AS equal_fields
FROM v_extractions WHERE details->>'choice' IS NOT NULL;

-- What a trained run finds against what the report says, in volume and count, worst first (`reportsup evaluate` and `predict`).
CREATE OR REPLACE VIEW audit_prediction_vs_report AS
SELECT report_id, case_id, organ, verdict, round(times_beyond, 1) AS times_beyond,
       round(predicted_volume_mm3 / 1000, 2) AS predicted_ml, round(volume_lo_mm3 / 1000, 2) AS reported_lo_ml,
       round(volume_hi_mm3 / 1000, 2) AS reported_hi_ml, round(mask_volume_mm3 / 1000, 2) AS mask_ml, n_predicted,
       n_lesions_min AS n_reported_min, n_lesions AS n_reported, confidence, finding_ids, run
FROM v_prediction_vs_report WHERE verdict <> 'agrees'
ORDER BY v_prediction_vs_report.times_beyond DESC, count_gap DESC, case_id, organ, run;

-- What `reportsup audit` says of each.
COMMENT ON VIEW audit_least_sure IS 'every finding, the least sure first';
COMMENT ON VIEW audit_unsized_lesions IS 'lesions without a size';
COMMENT ON VIEW audit_size_outliers IS 'sizes unusual for their organ';
COMMENT ON VIEW audit_section_contradictions IS 'a size told twice and not the same';
COMMENT ON VIEW audit_negative_and_positive IS 'an organ with a lesion, also called free of them';
COMMENT ON VIEW audit_ungrounded IS 'quotes that are not in the text';
COMMENT ON VIEW audit_quarantine IS 'findings set aside, with the reason';
COMMENT ON VIEW audit_corrections_without_finding IS 'corrections whose finding is gone';
COMMENT ON VIEW audit_corrections_of_changed_findings IS 'corrections of findings that changed';
COMMENT ON VIEW audit_annotations IS 'annotations that do not stand as given';
COMMENT ON VIEW audit_possible IS 'lesions that are only possible';
COMMENT ON VIEW audit_unsure IS 'reports to look at, with the reason';
COMMENT ON VIEW audit_organ_unknown IS 'lesions whose organ is not known';
COMMENT ON VIEW audit_without_status IS 'reports not read, or changed since';
COMMENT ON VIEW audit_unreadable IS 'another language, or no report';
COMMENT ON VIEW audit_rejected_rows IS 'input rows that are no report';
COMMENT ON VIEW audit_disagreements IS 'reports that two extractors read differently';
COMMENT ON VIEW audit_hybrid IS 'reports that a language model was asked about';
COMMENT ON VIEW audit_prediction_vs_report IS 'what a run finds against the report, worst first';
