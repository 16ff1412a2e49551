-- The same lesion in successive reports of a patient. An aid, no measurement: findings are linked by organ, side, place and
-- size (and the earlier size that a report tells), never by the images. Linked sizes differ by a factor of three at most.
-- The macros take a patient, or NULL for all of them.

CREATE OR REPLACE MACRO dated_findings(who) AS TABLE
SELECT patient_id, study_date, report_id, finding_id, organ, laterality, location, lesion_type, sizes_mm, largest_diameter_mm,
       prior_sizes_mm, list_sort(location) AS places, coalesce(count = 1, false) AS single,
       list_max(flatten(prior_sizes_mm)) AS prior_mm
FROM v_findings WHERE patient_id IS NOT NULL AND study_date IS NOT NULL AND (who IS NULL OR patient_id = who);

-- Two findings that may be one lesion; `alternatives`: the other findings of the earlier report that the later one may be.
CREATE OR REPLACE MACRO lesion_pairs(who) AS TABLE
WITH dated AS MATERIALIZED (FROM dated_findings(who))
SELECT a.finding_id AS earlier_id, b.finding_id AS later_id, a.study_date AS earlier_date, b.study_date AS later_date,
       coalesce(abs(b.prior_mm - a.largest_diameter_mm) <= 1, false) AS told,
       a.laterality IS NOT DISTINCT FROM b.laterality AS side, a.places = b.places AS place,
       abs(ln(b.largest_diameter_mm / a.largest_diameter_mm)) AS growth,
       count(*) OVER (PARTITION BY b.finding_id, a.report_id) - 1 AS alternatives
FROM dated a JOIN dated b ON a.patient_id = b.patient_id AND a.organ = b.organ AND a.study_date < b.study_date
WHERE a.single = b.single
  AND (a.laterality IS NULL OR b.laterality IS NULL OR a.laterality = b.laterality)
  AND (list_has_all(a.places, b.places) OR list_has_all(b.places, a.places))
  AND (a.largest_diameter_mm IS NULL OR b.largest_diameter_mm IS NULL
       OR abs(ln(b.largest_diameter_mm / a.largest_diameter_mm)) <= ln(3) OR abs(b.prior_mm - a.largest_diameter_mm) <= 1);

-- Each finding with the one that fits it best, where that one's best is this one; then once more among what is left.
CREATE OR REPLACE MACRO lesion_links(who) AS TABLE
WITH pairs AS MATERIALIZED (FROM lesion_pairs(who)), first_round AS MATERIALIZED (
    FROM pairs QUALIFY
        row_number() OVER (PARTITION BY later_id ORDER BY earlier_date DESC, told DESC, place DESC, side DESC, growth NULLS LAST, earlier_id) = 1
    AND row_number() OVER (PARTITION BY earlier_id ORDER BY later_date, told DESC, place DESC, side DESC, growth NULLS LAST, later_id) = 1
), left_over AS (
    FROM pairs WHERE earlier_id NOT IN (SELECT earlier_id FROM first_round) AND later_id NOT IN (SELECT later_id FROM first_round)
), second_round AS (
    FROM left_over QUALIFY
        row_number() OVER (PARTITION BY later_id ORDER BY earlier_date DESC, told DESC, place DESC, side DESC, growth NULLS LAST, earlier_id) = 1
    AND row_number() OVER (PARTITION BY earlier_id ORDER BY later_date, told DESC, place DESC, side DESC, growth NULLS LAST, later_id) = 1
)
FROM first_round UNION ALL FROM second_round;

CREATE OR REPLACE MACRO lesion_timeline(who) AS TABLE
WITH RECURSIVE dated AS MATERIALIZED (FROM dated_findings(who)), links AS MATERIALIZED (FROM lesion_links(who)), chains AS (
    SELECT finding_id AS lesion_id, finding_id, NULL::VARCHAR AS previous_id, 1 AS nth FROM dated
    WHERE finding_id NOT IN (SELECT later_id FROM links)
    UNION ALL
    SELECT c.lesion_id, l.later_id, l.earlier_id, c.nth + 1 FROM chains c JOIN links l ON l.earlier_id = c.finding_id
)
SELECT f.patient_id, c.lesion_id, c.nth, count(*) OVER (PARTITION BY c.lesion_id) AS n_reports, f.study_date, f.report_id,
       f.finding_id, f.organ, f.laterality, f.location, f.lesion_type, f.sizes_mm, f.largest_diameter_mm,
       f.largest_diameter_mm - p.largest_diameter_mm AS change_mm, f.study_date - p.study_date AS days, f.prior_sizes_mm,
       CASE WHEN c.previous_id IS NOT NULL THEN list_filter(['organ', CASE WHEN l.side AND f.laterality IS NOT NULL THEN 'side' END,
           CASE WHEN l.place AND len(f.location) > 0 THEN 'place' END, CASE WHEN l.growth <= ln(3) THEN 'size' END,
           CASE WHEN l.told THEN 'earlier size' END], lambda x: x IS NOT NULL) END AS linked_by,
       l.alternatives
FROM chains c JOIN dated f USING (finding_id)
LEFT JOIN dated p ON p.finding_id = c.previous_id
LEFT JOIN links l ON l.earlier_id = c.previous_id AND l.later_id = c.finding_id;

-- One row per finding: `lesion_id` is the first finding's id. `linked_by`: what agrees with the finding before it, NULL for the
-- first; `alternatives`: how many other findings of that earlier report it might be instead.
CREATE OR REPLACE VIEW v_lesion_timeline AS FROM lesion_timeline(NULL);
