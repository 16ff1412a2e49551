-- Predictions held against reports: wrong reports, wrong extractions and wrong predictions show as disagreement.

-- What the report of a case says of the lesions of an organ, all places together; organs of which nothing may be believed
-- are left out. `volume_hi_mm3` and `n_lesions` NULL = open; 0 = the report calls the organ free of lesions.
CREATE OR REPLACE VIEW v_reported AS
SELECT case_id, organ, any_value(report_id) AS report_id, any_value(split) AS split, any_value(site) AS site,
       any_value(status) AS status, CAST(sum(n_lesions_min) AS INTEGER) AS n_lesions_min,
       CASE WHEN bool_or(n_lesions IS NULL) THEN NULL ELSE CAST(sum(n_lesions) AS INTEGER) END AS n_lesions,
       sum(volume_lo_mm3) AS volume_lo_mm3,
       CASE WHEN bool_or(volume_hi_mm3 IS NULL) THEN NULL ELSE sum(volume_hi_mm3) END AS volume_hi_mm3,
       CASE WHEN bool_or(len([1 FOR l IN lesions IF l.volume_mm3 IS NULL]) > 0) THEN NULL
            ELSE sum(coalesce(list_sum([l.volume_mm3 FOR l IN lesions]), 0)) END AS estimate_mm3,
       max(list_max([l.diameters_mm[1] FOR l IN lesions])) AS largest_diameter_mm,
       list(struct_pack(laterality, location, n_lesions_min, n_lesions,
                        sizes_mm := [l.diameters_mm FOR l IN lesions IF l.diameters_mm IS NOT NULL],
                        possible := weight < 1)
            ORDER BY volume_lo_mm3 DESC, laterality, location) FILTER (n_lesions_min > 0) AS places,
       flatten(list(finding_ids)) AS finding_ids, min(confidence) AS confidence
FROM v_supervision GROUP BY case_id, organ
HAVING bool_and(excluded IS NULL) AND any_value(status) IN ('lesion', 'negative');

-- Of a volume outside of its interval: how many times too large or too small, a ball of 10 mm added to both so that specks
-- do not come first; 1 inside.
CREATE OR REPLACE MACRO times_beyond(mm3, lo_mm3, hi_mm3) AS CASE
    WHEN mm3 > hi_mm3 THEN (mm3 + lesion_volume_mm3([10.0])) / (hi_mm3 + lesion_volume_mm3([10.0]))
    WHEN mm3 < lo_mm3 THEN (lo_mm3 + lesion_volume_mm3([10.0])) / (mm3 + lesion_volume_mm3([10.0]))
    ELSE 1.0
END;

-- Each prediction beside its report, worst first. `mask_volume_mm3`: of the lesion mask that people drew, if any: it tells
-- which of the two is right.
CREATE OR REPLACE VIEW v_prediction_vs_report AS
SELECT r.report_id, p.case_id, p.organ, p.run,
       CASE WHEN p.volume_mm3 = 0 AND r.n_lesions_min > 0 THEN 'not predicted'
            WHEN p.volume_mm3 > 0 AND r.volume_hi_mm3 = 0 THEN 'not reported'
            WHEN p.volume_mm3 > r.volume_hi_mm3 THEN 'larger'
            WHEN p.volume_mm3 < r.volume_lo_mm3 THEN 'smaller'
            WHEN len(p.diameters_mm) < r.n_lesions_min THEN 'fewer'
            WHEN len(p.diameters_mm) > r.n_lesions THEN 'more'
            ELSE 'agrees' END AS verdict,
       times_beyond(p.volume_mm3, r.volume_lo_mm3, r.volume_hi_mm3) AS times_beyond,
       greatest(r.n_lesions_min - len(p.diameters_mm), len(p.diameters_mm) - coalesce(r.n_lesions, 2147483647), 0) AS count_gap,
       p.volume_mm3 AS predicted_volume_mm3, r.volume_lo_mm3, r.volume_hi_mm3, r.estimate_mm3, m.volume_mm3 AS mask_volume_mm3,
       len(p.diameters_mm) AS n_predicted, r.n_lesions_min, r.n_lesions, p.diameters_mm AS predicted_diameters_mm,
       r.largest_diameter_mm, r.places, r.finding_ids, r.confidence, r.split, p.threshold, p.predicted_at
FROM predictions p JOIN v_reported r USING (case_id, organ)
LEFT JOIN case_masks m ON m.case_id = p.case_id AND m.mask = p.organ || '_lesion'
ORDER BY times_beyond DESC, count_gap DESC, p.case_id, p.organ, p.run;
