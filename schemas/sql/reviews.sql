-- What readers' reviews say of the reports that they read to the end. Recreated on every writable open.

-- Of each review and report, what was said last.
CREATE OR REPLACE VIEW v_reviews AS
SELECT * FROM reviews QUALIFY row_number() OVER (PARTITION BY review_id, report_id ORDER BY recorded_at DESC) = 1;

-- Reports that a reader read to the end. `current`: the reading that counts now is the one that was reviewed, and a machine's.
CREATE OR REPLACE VIEW v_reviewed_reports AS
SELECT v.report_id, v.review_id, v.reviewed_by, v.recorded_at, v.run_id,
       coalesce(e.run_id = v.run_id AND e.text_sha256 = v.text_sha256 AND NOT e.stale AND NOT e.by_reader, false) AS current
FROM v_reviews v LEFT JOIN v_extractions e USING (report_id) WHERE v.complete
QUALIFY row_number() OVER (PARTITION BY v.report_id ORDER BY current DESC, v.recorded_at DESC, v.review_id) = 1;

-- Every finding of these reports, the machine's and those it missed: `verdict` is right | wrong fields | no lesion | missed.
-- `read_…` is what the machine said, the plain columns what holds after the review.
CREATE OR REPLACE VIEW v_reviewed_findings AS
WITH measured AS (
    SELECT run_id, finding_id, list(diameters_mm ORDER BY idx) FILTER (exam = 'current') AS current_mm,
           list(diameters_mm ORDER BY idx) FILTER (exam = 'prior') AS prior_mm
    FROM measurements WHERE finding_id IN (SELECT finding_id FROM findings WHERE report_id IN (SELECT report_id FROM reviews))
    GROUP BY ALL
), machine AS (
    SELECT f.*, coalesce(m.current_mm, []) AS sizes_mm, coalesce(m.prior_mm, []) AS prior_sizes_mm
    FROM findings f JOIN v_reviewed_reports r USING (run_id, report_id) LEFT JOIN measured m USING (run_id, finding_id)
    WHERE r.current
), people AS (
    SELECT f.* FROM v_findings f JOIN v_reviewed_reports r USING (report_id) WHERE r.current
), joined AS (
    SELECT coalesce(m.report_id, p.report_id) AS report_id, coalesce(m.finding_id, p.finding_id) AS finding_id,
           m.finding_id IS NOT NULL AS read, p.finding_id IS NOT NULL AS stands, m.confidence,
           p.organ, p.laterality, p.location, p.lesion_type, p.certainty, p.count, p.count_min, p.sizes_mm, p.size_bound,
           p.prior_sizes_mm, p.attenuation,
           m.organ AS read_organ, m.laterality AS read_laterality, m.location AS read_location,
           m.lesion_type AS read_lesion_type, m.certainty AS read_certainty, m.count AS read_count,
           m.count_min AS read_count_min, m.sizes_mm AS read_sizes_mm, m.size_bound AS read_size_bound,
           m.prior_sizes_mm AS read_prior_sizes_mm, m.attenuation AS read_attenuation
    FROM machine m FULL JOIN people p ON m.report_id = p.report_id AND m.finding_id = p.finding_id
), compared AS (
    SELECT *, [name FOR name IN [
        CASE WHEN organ IS DISTINCT FROM read_organ THEN 'organ' END,
        CASE WHEN laterality IS DISTINCT FROM read_laterality THEN 'laterality' END,
        CASE WHEN list_sort(location) IS DISTINCT FROM list_sort(read_location) THEN 'location' END,
        CASE WHEN lesion_type IS DISTINCT FROM read_lesion_type THEN 'lesion_type' END,
        CASE WHEN certainty IS DISTINCT FROM read_certainty THEN 'certainty' END,
        CASE WHEN count IS DISTINCT FROM read_count THEN 'count' END,
        CASE WHEN count_min IS DISTINCT FROM read_count_min THEN 'count_min' END,
        CASE WHEN sizes_mm IS DISTINCT FROM read_sizes_mm THEN 'sizes_mm' END,
        CASE WHEN size_bound IS DISTINCT FROM read_size_bound THEN 'size_bound' END,
        CASE WHEN prior_sizes_mm IS DISTINCT FROM read_prior_sizes_mm THEN 'prior_sizes_mm' END,
        CASE WHEN attenuation IS DISTINCT FROM read_attenuation THEN 'attenuation' END] IF name IS NOT NULL] AS differing
    FROM joined
)
SELECT report_id, finding_id,
       CASE WHEN NOT read THEN 'missed' WHEN NOT stands THEN 'no lesion' WHEN len(differing) > 0 THEN 'wrong fields'
            ELSE 'right' END AS verdict,
       CASE WHEN read AND stands THEN differing ELSE [] END AS wrong_fields,
       * EXCLUDE (report_id, finding_id, read, stands, differing)
FROM compared;
