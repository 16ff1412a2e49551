-- The same lesion in successive reports of a patient. An aid, no measurement: findings are linked by organ, side, place and
-- size (and the earlier size that a report tells), never by the images. Linked sizes differ by a factor of three at most.

CREATE OR REPLACE VIEW v_lesion_pairs AS
WITH dated AS (
    SELECT patient_id, study_date, report_id, finding_id, organ, laterality, list_sort(location) AS location,
           coalesce(count = 1, false) AS single, largest_diameter_mm AS mm, list_max(flatten(prior_sizes_mm)) AS prior_mm
    FROM v_findings WHERE patient_id IS NOT NULL AND study_date IS NOT NULL
), pairs AS (
    SELECT a.finding_id AS earlier_id, b.finding_id AS later_id, a.study_date AS earlier_date, b.study_date AS later_date,
           coalesce(abs(b.prior_mm - a.mm) <= 1, false) AS told, a.laterality IS NOT DISTINCT FROM b.laterality AS side,
           a.location = b.location AS place, abs(ln(b.mm / a.mm)) AS growth,
           count(*) OVER (PARTITION BY b.finding_id, a.report_id) - 1 AS alternatives
    FROM dated a JOIN dated b ON a.patient_id = b.patient_id AND a.organ = b.organ AND a.study_date < b.study_date
    WHERE a.single = b.single
      AND (a.laterality IS NULL OR b.laterality IS NULL OR a.laterality = b.laterality)
      AND (list_has_all(a.location, b.location) OR list_has_all(b.location, a.location))
      AND (a.mm IS NULL OR b.mm IS NULL OR abs(ln(b.mm / a.mm)) <= ln(3) OR abs(b.prior_mm - a.mm) <= 1)
)
SELECT * FROM pairs;

-- Each finding with the one that fits it best, where that one's best is this one; then once more among what is left.
CREATE OR REPLACE VIEW v_lesion_links AS
WITH first_round AS (
    FROM v_lesion_pairs QUALIFY
        row_number() OVER (PARTITION BY later_id ORDER BY earlier_date DESC, told DESC, place DESC, side DESC, growth NULLS LAST, earlier_id) = 1
    AND row_number() OVER (PARTITION BY earlier_id ORDER BY later_date, told DESC, place DESC, side DESC, growth NULLS LAST, later_id) = 1
), left_over AS (
    FROM v_lesion_pairs WHERE earlier_id NOT IN (SELECT earlier_id FROM first_round) AND later_id NOT IN (SELECT later_id FROM first_round)
), second_round AS (
    FROM left_over QUALIFY
        row_number() OVER (PARTITION BY later_id ORDER BY earlier_date DESC, told DESC, place DESC, side DESC, growth NULLS LAST, earlier_id) = 1
    AND row_number() OVER (PARTITION BY earlier_id ORDER BY later_date, told DESC, place DESC, side DESC, growth NULLS LAST, later_id) = 1
)
FROM first_round UNION ALL FROM second_round;

-- One row per finding: `lesion_id` is the first finding's id. `linked_by`: what agrees with the finding before it, NULL for the
-- first; `alternatives`: how many other findings of that earlier report it might be instead.
CREATE OR REPLACE VIEW v_lesion_timeline AS
WITH RECURSIVE chains AS (
    SELECT finding_id AS lesion_id, finding_id, NULL::VARCHAR AS previous_id, 1 AS nth FROM v_findings
    WHERE patient_id IS NOT NULL AND study_date IS NOT NULL AND finding_id NOT IN (SELECT later_id FROM v_lesion_links)
    UNION ALL
    SELECT c.lesion_id, l.later_id, l.earlier_id, c.nth + 1 FROM chains c JOIN v_lesion_links l ON l.earlier_id = c.finding_id
)
SELECT f.patient_id, c.lesion_id, c.nth, count(*) OVER (PARTITION BY c.lesion_id) AS n_reports, f.study_date, f.report_id,
       f.finding_id, f.organ, f.laterality, f.location, f.lesion_type, f.sizes_mm, f.largest_diameter_mm,
       f.largest_diameter_mm - p.largest_diameter_mm AS change_mm, f.study_date - p.study_date AS days, f.prior_sizes_mm,
       CASE WHEN c.previous_id IS NOT NULL THEN list_filter(['organ', CASE WHEN l.side AND f.laterality IS NOT NULL THEN 'side' END,
           CASE WHEN l.place AND len(f.location) > 0 THEN 'place' END, CASE WHEN l.growth <= ln(3) THEN 'size' END,
           CASE WHEN l.told THEN 'earlier size' END], lambda x: x IS NOT NULL) END AS linked_by,
       l.alternatives
FROM chains c JOIN v_findings f USING (finding_id)
LEFT JOIN v_findings p ON p.finding_id = c.previous_id
LEFT JOIN v_lesion_links l ON l.earlier_id = c.previous_id AND l.later_id = c.finding_id;
