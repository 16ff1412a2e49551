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

-- The extraction that counts for each report: the latest successful one, else the latest.
CREATE OR REPLACE VIEW v_extractions AS
SELECT e.*, r.extractor, r.extractor_version, r.config_hash, e.text_sha256 <> p.text_sha256 AS stale
FROM extractions e JOIN runs r USING (run_id) JOIN reports p USING (report_id)
QUALIFY row_number() OVER (PARTITION BY e.report_id
                           ORDER BY (e.status <> 'error') DESC, e.extracted_at DESC, e.run_id) = 1;

CREATE OR REPLACE VIEW v_latest_corrections AS
SELECT finding_id, field, max_by(new_value, corrected_at) AS new_value, max(corrected_at) AS corrected_at
FROM corrections GROUP BY finding_id, field;

-- Findings of the current extraction with the readers' corrections applied.
CREATE OR REPLACE VIEW v_findings AS
WITH sizes AS (
    SELECT run_id, finding_id,
           list(diameters_mm ORDER BY idx) FILTER (exam = 'current') AS current_mm,
           list(diameters_mm ORDER BY idx) FILTER (exam = 'prior') AS prior_mm
    FROM measurements GROUP BY run_id, finding_id
), quotes AS (
    SELECT run_id, finding_id, list(text ORDER BY idx) AS evidence FROM evidence GROUP BY run_id, finding_id
), fixes AS (
    SELECT finding_id, map_from_entries(list((field, new_value))) AS fix FROM v_latest_corrections GROUP BY finding_id
)
SELECT f.report_id, f.finding_id, f.run_id,
       CASE WHEN map_contains(fix, 'organ') THEN fix['organ'] ELSE f.organ END AS organ,
       CASE WHEN map_contains(fix, 'laterality') THEN fix['laterality'] ELSE f.laterality END AS laterality,
       CASE WHEN map_contains(fix, 'location') THEN CAST(fix['location']::JSON AS VARCHAR[]) ELSE f.location END AS location,
       CASE WHEN map_contains(fix, 'lesion_type') THEN fix['lesion_type'] ELSE f.lesion_type END AS lesion_type,
       f.type_text,
       CASE WHEN map_contains(fix, 'certainty') THEN fix['certainty'] ELSE f.certainty END AS certainty,
       CASE WHEN map_contains(fix, 'count') THEN CAST(fix['count'] AS INTEGER) ELSE f.count END AS count,
       CASE WHEN map_contains(fix, 'count_min') THEN CAST(fix['count_min'] AS INTEGER) ELSE f.count_min END AS count_min,
       CASE WHEN map_contains(fix, 'sizes_mm') THEN CAST(fix['sizes_mm']::JSON AS DOUBLE[][])
            ELSE coalesce(s.current_mm, []) END AS sizes_mm,
       CASE WHEN map_contains(fix, 'size_bound') THEN fix['size_bound']
            WHEN map_contains(fix, 'sizes_mm') THEN coalesce(f.size_bound, 'exact')
            ELSE f.size_bound END AS size_bound,
       coalesce(s.prior_mm, []) AS prior_sizes_mm,
       list_max(flatten(sizes_mm)) AS largest_diameter_mm,
       f.attenuation, f.image_reference, f.section, q.evidence,
       f.anchor_start, f.anchor_end, fix IS NOT NULL AS corrected
FROM findings f
JOIN v_extractions e USING (run_id, report_id)
LEFT JOIN sizes s USING (run_id, finding_id)
LEFT JOIN quotes q USING (run_id, finding_id)
LEFT JOIN fixes x USING (finding_id)
WHERE NOT coalesce(fix['excluded'] = 'true', false);

-- Every read report × organ: lesion | negative | not_mentioned.
CREATE OR REPLACE VIEW v_organ_status AS
WITH lesions AS (SELECT DISTINCT report_id, organ FROM v_findings),
negatives AS (SELECT s.report_id, s.organ FROM organ_status s JOIN v_extractions e USING (run_id, report_id)
              WHERE s.status = 'negative')
SELECT e.report_id, o.organ,
       CASE WHEN l.organ IS NOT NULL THEN 'lesion' WHEN n.organ IS NOT NULL THEN 'negative'
            ELSE 'not_mentioned' END AS status
FROM v_extractions e CROSS JOIN organs o
LEFT JOIN lesions l ON l.report_id = e.report_id AND l.organ = o.organ
LEFT JOIN negatives n ON n.report_id = e.report_id AND n.organ = o.organ
WHERE e.status IN ('ok', 'no_lesion');

-- Every lesion that a finding speaks of, one row each, as a volume interval in mm³ (volume_hi NULL = open).
-- A group of unknown number yields its minimum; `open_count` says that there may be more.
CREATE OR REPLACE VIEW v_lesions AS
WITH measured AS (
    SELECT f.*, unnest(f.sizes_mm) AS diameters_mm, generate_subscripts(f.sizes_mm, 1) AS idx FROM v_findings f
), sized AS (
    SELECT report_id, finding_id, organ, laterality, location, lesion_type, certainty, idx,
           count IS NULL AS open_count, size_bound, diameters_mm,
           size_bound = 'exact' OR size_bound IS NULL AS sized,
           CASE WHEN size_bound = 'lower' THEN NULL ELSE lesion_volume_mm3(diameters_mm) END AS volume_mm3,
           CASE size_bound WHEN 'upper' THEN least(presence_volume_mm3(), lesion_volume_mm3(diameters_mm) * lo)
                           ELSE lesion_volume_mm3(diameters_mm) * lo END AS volume_lo_mm3,
           CASE size_bound WHEN 'lower' THEN NULL ELSE lesion_volume_mm3(diameters_mm) * hi END AS volume_hi_mm3
    FROM measured JOIN volume_interval_factors v ON v.n_diameters = len(diameters_mm)
), unsized AS (
    SELECT report_id, finding_id, organ, laterality, location, lesion_type, certainty,
           1000 + unnest(range(greatest(coalesce(count, count_min) - len(sizes_mm), 0))) AS idx,
           count IS NULL AS open_count, size_bound, NULL::DOUBLE[] AS diameters_mm, false AS sized,
           NULL::DOUBLE AS volume_mm3,
           least(presence_volume_mm3(), coalesce(list_min([lesion_volume_mm3(s) for s in sizes_mm]), 1e9)) AS volume_lo_mm3,
           CASE WHEN len(sizes_mm) > 0 AND size_bound <> 'lower'
                THEN 1.6 * list_max([lesion_volume_mm3(s) for s in sizes_mm]) END AS volume_hi_mm3
    FROM v_findings
)
SELECT * FROM sized UNION ALL SELECT * FROM unsized;

-- What the trainer reads: one row per case × organ × place named in its report, and one per organ called free of lesions
-- or not mentioned. `volume_hi_mm3` NULL = open. `excluded` says why a row must not be trained on (NULL = use it).
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
           list(DISTINCT finding_id ORDER BY finding_id) AS finding_ids
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
            WHEN e.status = 'error' THEN 'extraction failed'
            WHEN e.status = 'rejected' THEN 'every finding quarantined'
            WHEN e.status = 'unreadable' THEN 'report unreadable'
            WHEN e.stale THEN 'report changed since extraction'
            WHEN s.status <> 'lesion' AND list_contains(e.review_reasons, 'partly_unreadable')
                 THEN 'report partly unreadable'
            WHEN EXISTS (SELECT 1 FROM quarantine q WHERE q.run_id = e.run_id AND q.report_id = e.report_id
                         AND coalesce(q.finding ->> 'organ', o.organ) = o.organ)
                 THEN 'a finding of the organ is quarantined'
       END AS excluded
FROM cases c CROSS JOIN organs o
LEFT JOIN v_extractions e ON e.report_id = c.report_id
LEFT JOIN v_organ_status s ON s.report_id = c.report_id AND s.organ = o.organ
LEFT JOIN places p ON p.report_id = c.report_id AND p.organ = o.organ
WHERE o.organ <> 'other';
