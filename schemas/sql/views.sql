-- Views that readers and the trainer use. Recreated on every writable open; they follow the program, not the file.

-- Ellipsoid volume of one lesion from 1–3 diameters (largest first); with two, the third is their mean.
CREATE OR REPLACE MACRO lesion_volume_mm3(d) AS CASE len(d)
    WHEN 1 THEN pi() / 6 * d[1] ** 3
    WHEN 2 THEN pi() / 6 * d[1] * d[2] * (d[1] + d[2]) / 2
    WHEN 3 THEN pi() / 6 * d[1] * d[2] * d[3]
END;

-- How far the real volume may lie from the ellipsoid. One diameter: 80 % and more of 240 KiTS23 kidney tumours
-- (benchmarks/volume_interval.py); more diameters leave less room.
CREATE OR REPLACE VIEW volume_interval_factors AS
SELECT * FROM (VALUES (1, 0.45, 1.60), (2, 0.55, 1.50), (3, 0.65, 1.40)) AS t(n_diameters, lo, hi);

-- A lesion that a report mentions without a size holds at least a 4 mm ball.
CREATE OR REPLACE MACRO presence_volume_mm3() AS lesion_volume_mm3([4.0]);

-- The extraction that counts for each report: a reader's annotation until it is withdrawn, else the latest success of a
-- machine, one of the present text first; what was rejected or failed counts only where nothing else is there.
-- Of one extractor only its latest answer counts: a newer version may find unreadable what an older one misread.
CREATE OR REPLACE VIEW v_extractions AS
WITH attempts AS (
    SELECT e.*, r.extractor, r.extractor_version, r.config_hash, e.text_sha256 <> p.text_sha256 AS stale,
           e.status NOT IN ('rejected', 'error') AS answered,
           r.extractor = 'reader' AND e.status NOT IN ('rejected', 'error') AS by_reader
    FROM extractions e JOIN runs r USING (run_id) JOIN reports p USING (report_id)
    WHERE NOT EXISTS (SELECT 1 FROM annotation_withdrawals w
                      WHERE w.run_id = e.run_id AND w.report_id = e.report_id AND w.withdrawn_at >= e.extracted_at)
), latest AS (
    FROM attempts
    QUALIFY row_number() OVER (PARTITION BY report_id, extractor
                               ORDER BY answered DESC, stale, extracted_at DESC, run_id) = 1
)
SELECT * EXCLUDE (answered) FROM latest
QUALIFY row_number() OVER (PARTITION BY report_id
                           ORDER BY by_reader DESC, status IN ('ok', 'no_lesion') DESC, answered DESC, stale,
                                    extracted_at DESC, run_id) = 1;

-- Readers' annotations that are not withdrawn, and what is the matter with them.
CREATE OR REPLACE VIEW v_annotations AS
SELECT e.report_id, e.run_id, r.config->>'reader' AS reader, e.status, e.extracted_at,
       CASE WHEN e.status = 'rejected' OR e.failed_status IS NOT NULL THEN 'rejected'
            WHEN e.text_sha256 <> p.text_sha256 THEN 'stale'
            WHEN e.details->>'annotated_text_sha256' <> p.text_sha256 THEN 'text changed' END AS problem,
       coalesce(e.failed_reason, e.reason) AS reason
FROM extractions e JOIN runs r USING (run_id) JOIN reports p USING (report_id)
WHERE r.extractor = 'reader'
  AND NOT EXISTS (SELECT 1 FROM annotation_withdrawals w
                  WHERE w.run_id = e.run_id AND w.report_id = e.report_id
                    AND w.withdrawn_at >= coalesce(e.failed_at, e.extracted_at));

-- Edits, deletions and additions that are not withdrawn.
CREATE OR REPLACE VIEW v_active_corrections AS
SELECT * FROM corrections c WHERE kind <> 'withdraw'
AND NOT EXISTS (SELECT 1 FROM corrections w WHERE w.kind = 'withdraw' AND w.withdraws = c.correction_id);

-- Every correction with what became of it: matched | unmatched | ambiguous | conflict | superseded | withdrawn.
CREATE OR REPLACE VIEW v_corrections AS
SELECT c.correction_id, c.report_id, coalesce(m.finding_id, c.finding_id) AS finding_id, c.kind, c.field, c.old_value, c.new_value,
       CASE WHEN c.kind = 'withdraw' THEN NULL WHEN a.correction_id IS NULL THEN 'withdrawn'
            ELSE coalesce(m.outcome, 'unmatched') END AS outcome,
       coalesce(m.changed, []) AS changed, m.reason AS why, c.organ, c.laterality, c.location, c.sizes_mm, c.quotes,
       c.withdraws, c.corrected_by, c.corrected_at, c.reason, c.seq
FROM corrections c LEFT JOIN v_active_corrections a USING (correction_id) LEFT JOIN correction_matches m USING (correction_id);

-- Findings of the current extraction with the readers' corrections applied. `study_date` NULL = not read; as written beside it.
CREATE OR REPLACE VIEW v_findings AS
WITH sizes AS (
    SELECT run_id, finding_id,
           list(diameters_mm ORDER BY idx) FILTER (exam = 'current') AS current_mm,
           list(diameters_mm ORDER BY idx) FILTER (exam = 'prior') AS prior_mm
    FROM measurements GROUP BY run_id, finding_id
), quotes AS (
    SELECT run_id, finding_id, list(text ORDER BY idx) AS evidence FROM evidence GROUP BY run_id, finding_id
)
SELECT f.report_id, f.finding_id, f.run_id, f.organ, f.laterality, f.location, f.lesion_type, f.type_text, f.certainty,
       f.count, f.count_min, coalesce(s.current_mm, []) AS sizes_mm, f.size_bound, coalesce(s.prior_mm, []) AS prior_sizes_mm,
       list_max(flatten(sizes_mm)) AS largest_diameter_mm, f.attenuation, f.image_reference, f.section, q.evidence,
       f.anchor_start, f.anchor_end, coalesce(f.corrected, false) AS corrected, f.confidence, f.decided_by,
       r.patient_id, r.study_date, r.study_date_text
FROM findings f
JOIN v_extractions e USING (run_id, report_id)
JOIN v_reports r USING (report_id)
LEFT JOIN sizes s USING (run_id, finding_id)
LEFT JOIN quotes q USING (run_id, finding_id)
WHERE NOT EXISTS (SELECT 1 FROM corrected_findings c WHERE c.report_id = f.report_id AND c.finding_id = f.finding_id)
UNION ALL
SELECT report_id, finding_id, run_id, organ, laterality, location, lesion_type, type_text, certainty, count, count_min,
       sizes_mm, size_bound, prior_sizes_mm, list_max(flatten(sizes_mm)), attenuation, image_reference, section,
       [e.text for e in evidence], anchor_start, anchor_end, true, NULL, NULL, r.patient_id, r.study_date, r.study_date_text
FROM corrected_findings JOIN v_reports r USING (report_id) WHERE NOT deleted;

-- Where the quotes of these findings stand.
CREATE OR REPLACE VIEW v_evidence AS
SELECT f.report_id, f.finding_id, e.idx, e.start, e."end", e.text
FROM v_findings f JOIN evidence e USING (run_id, finding_id)
WHERE NOT EXISTS (SELECT 1 FROM corrected_findings c WHERE c.report_id = f.report_id AND c.finding_id = f.finding_id)
UNION ALL
SELECT report_id, finding_id, CAST(i - 1 AS INTEGER), evidence[i].start, evidence[i]."end", evidence[i].text
FROM (SELECT report_id, finding_id, evidence, unnest(range(1, len(evidence) + 1)) AS i FROM corrected_findings
      WHERE NOT deleted AND report_id IN (SELECT report_id FROM reports));

-- Every read report × organ: lesion | negative | not_mentioned. Of a report that could not be read, only the organs that a
-- person added a finding in. `confidence`: of the surest finding, or that the organ is free.
CREATE OR REPLACE VIEW v_organ_status AS
WITH lesions AS (SELECT report_id, organ, max(confidence) AS confidence FROM v_findings GROUP BY ALL),
negatives AS (SELECT s.report_id, s.organ, s.confidence FROM organ_status s JOIN v_extractions e USING (run_id, report_id)
              WHERE s.status = 'negative')
SELECT e.report_id, o.organ,
       CASE WHEN l.organ IS NOT NULL THEN 'lesion' WHEN n.organ IS NOT NULL THEN 'negative'
            ELSE 'not_mentioned' END AS status,
       CASE WHEN l.organ IS NOT NULL THEN l.confidence ELSE n.confidence END AS confidence
FROM v_extractions e CROSS JOIN organs o
LEFT JOIN lesions l ON l.report_id = e.report_id AND l.organ = o.organ
LEFT JOIN negatives n ON n.report_id = e.report_id AND n.organ = o.organ
WHERE e.status IN ('ok', 'no_lesion') OR l.organ IS NOT NULL;

-- Every lesion that a finding speaks of, one row each, as a volume interval in mm³ (volume_hi NULL = open).
-- A group of unknown number yields its minimum; `open_count` says that there may be more.
CREATE OR REPLACE VIEW v_lesions AS
WITH measured AS (
    SELECT f.*, unnest(f.sizes_mm) AS diameters_mm, generate_subscripts(f.sizes_mm, 1) AS idx FROM v_findings f
), sized AS (
    SELECT report_id, finding_id, organ, laterality, location, lesion_type, certainty, idx,
           count IS NULL AS open_count, size_bound, confidence, diameters_mm,
           size_bound = 'exact' OR size_bound IS NULL AS sized,
           CASE WHEN size_bound = 'lower' THEN NULL ELSE lesion_volume_mm3(diameters_mm) END AS volume_mm3,
           CASE size_bound WHEN 'upper' THEN least(presence_volume_mm3(), lesion_volume_mm3(diameters_mm) * lo)
                           ELSE lesion_volume_mm3(diameters_mm) * lo END AS volume_lo_mm3,
           CASE size_bound WHEN 'lower' THEN NULL ELSE lesion_volume_mm3(diameters_mm) * hi END AS volume_hi_mm3
    FROM measured JOIN volume_interval_factors v ON v.n_diameters = len(diameters_mm)
), unsized AS (
    SELECT report_id, finding_id, organ, laterality, location, lesion_type, certainty,
           1000 + unnest(range(greatest(coalesce(count, count_min) - len(sizes_mm), 0))) AS idx,
           count IS NULL AS open_count, size_bound, confidence, NULL::DOUBLE[] AS diameters_mm, false AS sized,
           NULL::DOUBLE AS volume_mm3,
           least(presence_volume_mm3(), coalesce(list_min([lesion_volume_mm3(s) for s in sizes_mm]), 1e9)) AS volume_lo_mm3,
           CASE WHEN len(sizes_mm) > 0 AND size_bound <> 'lower'
                THEN 1.6 * list_max([lesion_volume_mm3(s) for s in sizes_mm]) END AS volume_hi_mm3
    FROM v_findings
)
SELECT * FROM sized UNION ALL SELECT * FROM unsized;

-- Organs in which a machine finds a lesion in a text that changed after a reader annotated it, and the reader none.
CREATE OR REPLACE VIEW v_found_since_annotation AS
SELECT DISTINCT e.report_id, f.organ
FROM v_extractions e JOIN reports p USING (report_id) JOIN extractions m ON m.report_id = e.report_id AND m.text_sha256 = p.text_sha256
JOIN findings f ON f.run_id = m.run_id AND f.report_id = m.report_id
WHERE e.by_reader AND m.run_id <> e.run_id AND e.details->>'annotated_text_sha256' <> p.text_sha256
  AND NOT EXISTS (SELECT 1 FROM v_findings v WHERE v.report_id = e.report_id AND v.organ = f.organ);

-- What the trainer reads: one row per case × organ × place named in its report, and one per organ called free of lesions
-- or not mentioned. `confidence`: of the least sure finding, or that the organ is free. `volume_hi_mm3` NULL = open. `excluded` says why a row must not be trained on (NULL = use it).
CREATE OR REPLACE VIEW v_supervision AS
WITH places AS (
    SELECT report_id, organ, laterality, location,
           count(*) AS n_lesions_min,
           CASE WHEN bool_or(open_count) THEN NULL ELSE count(*) END AS n_lesions,
           list(struct_pack(diameters_mm, volume_mm3, volume_lo_mm3, volume_hi_mm3, sized, lesion_type, certainty)
                ORDER BY volume_lo_mm3 DESC, finding_id, idx) AS lesions,
           sum(volume_lo_mm3) AS volume_lo_mm3,
           CASE WHEN bool_or(open_count) OR bool_or(volume_hi_mm3 IS NULL) THEN NULL
                ELSE sum(volume_hi_mm3) END AS volume_hi_mm3,
           CASE WHEN bool_or(certainty = 'possible') THEN 0.5 ELSE 1.0 END AS weight,
           list(DISTINCT finding_id ORDER BY finding_id) AS finding_ids, min(confidence) AS confidence
    FROM v_lesions GROUP BY report_id, organ, laterality, location
)
SELECT c.case_id, c.report_id, c.patient_id, c.split, c.site, o.organ,
       coalesce(s.status, 'unknown') AS status,
       p.laterality, coalesce(p.location, []) AS location,
       coalesce(p.n_lesions_min, 0) AS n_lesions_min, CASE WHEN p.organ IS NULL AND s.status = 'negative' THEN 0 ELSE p.n_lesions END AS n_lesions,
       coalesce(p.lesions, []) AS lesions,
       coalesce(p.volume_lo_mm3, 0) AS volume_lo_mm3,
       CASE WHEN s.status = 'negative' THEN 0 ELSE p.volume_hi_mm3 END AS volume_hi_mm3,
       coalesce(p.weight, 1.0) AS weight,
       coalesce(p.finding_ids, []) AS finding_ids,
       CASE WHEN c.status <> 'ok' THEN 'case set aside by `reportsup index`'
            WHEN c.report_id IS NULL THEN 'case has no report'
            WHEN e.report_id IS NULL THEN 'report not extracted'
            WHEN e.status = 'error' AND p.organ IS NULL THEN 'extraction failed'
            WHEN e.status = 'rejected' AND p.organ IS NULL THEN 'every finding quarantined'
            WHEN e.status = 'unreadable' AND p.organ IS NULL THEN 'report unreadable'
            WHEN e.stale THEN 'report changed since extraction'
            WHEN s.status <> 'lesion' AND list_contains(e.review_reasons, 'partly_unreadable')
                 THEN 'report partly unreadable'
            WHEN EXISTS (SELECT 1 FROM quarantine q WHERE q.run_id = e.run_id AND q.report_id = e.report_id
                         AND coalesce(q.finding ->> 'organ', o.organ) = o.organ)
                 THEN 'a finding of the organ is quarantined'
            WHEN p.organ IS NULL AND EXISTS (SELECT 1 FROM v_found_since_annotation n
                                             WHERE n.report_id = c.report_id AND n.organ = o.organ)
                 THEN 'the text changed after its annotation, and a lesion of the organ may be new'
       END AS excluded,
       CASE WHEN p.organ IS NULL THEN s.confidence ELSE p.confidence END AS confidence
FROM cases c CROSS JOIN organs o
LEFT JOIN v_extractions e ON e.report_id = c.report_id
LEFT JOIN v_organ_status s ON s.report_id = c.report_id AND s.organ = o.organ
LEFT JOIN places p ON p.report_id = c.report_id AND p.organ = o.organ
WHERE o.organ <> 'other';
