-- R-Super's two tables under their exact column names, so that its users can switch.
-- A group of lesions counts with its lower bound; sizes are those of this exam; `u` = unknown, as there.

CREATE OR REPLACE MACRO largest_cm(has_lesion, mm) AS CASE WHEN NOT coalesce(has_lesion, false) THEN 0 ELSE round(mm / 10, 6) END;

CREATE OR REPLACE MACRO rsuper_location(organ, laterality, location) AS CASE
    WHEN organ = 'liver' AND len(list_filter(location, lambda x: x LIKE 'segment %')) > 0
        THEN array_to_string(list_sort(list_distinct([regexp_replace(x, '[ab]$', '') for x in location if x LIKE 'segment %'])), ' / ')
    WHEN organ = 'liver' AND list_contains(location, 'right lobe') THEN 'segment 5 / segment 6 / segment 7 / segment 8'
    WHEN organ = 'liver' AND list_contains(location, 'left lobe') THEN 'segment 2 / segment 3 / segment 4'
    WHEN organ = 'liver' AND list_contains(location, 'caudate lobe') THEN 'segment 1'
    WHEN organ = 'liver' AND list_contains(location, 'dome') THEN 'segment 7 / segment 8'
    WHEN organ = 'pancreas' AND len(location) > 0
        THEN array_to_string(list_sort(list_distinct([CASE WHEN x IN ('neck', 'uncinate') THEN 'head' ELSE x END for x in location])), ' / ')
    WHEN organ IN ('kidney', 'adrenal_gland', 'ovary') AND laterality = 'bilateral' THEN 'left / right'
    WHEN organ IN ('kidney', 'adrenal_gland', 'ovary') AND laterality IS NOT NULL THEN laterality
    ELSE 'u' END;

-- The CT's id of a report: of its first case, else of the column `BDMAP ID` that its row had.
CREATE OR REPLACE VIEW v_report_case AS
SELECT r.report_id, coalesce(min(c.case_id), any_value(r.extra->>'BDMAP ID')) AS case_id
FROM reports r LEFT JOIN cases c USING (report_id) GROUP BY r.report_id;

CREATE OR REPLACE VIEW v_per_tumor AS
WITH rows AS (
    SELECT l.report_id, l.finding_id, l.organ, l.laterality, l.location, l.lesion_type, l.certainty, l.diameters_mm, l.sized,
           bool_or(NOT l.sized) OVER (PARTITION BY l.report_id, l.organ) AS organ_has_unsized
    FROM v_lesions l
)
SELECT e.report_id AS "Encrypted Accession Number", coalesce(c.case_id, e.report_id) AS "BDMAP ID",
       replace(r.organ, '_', ' ') AS "Standardized Organ",
       CASE WHEN r.organ IS NOT NULL THEN rsuper_location(r.organ, r.laterality, r.location) END AS "Standardized Location",
       CASE WHEN r.organ IS NULL THEN NULL
            WHEN r.sized THEN array_to_string([printf('%.1f', d) for d in r.diameters_mm], ' x ') ELSE 'u' END AS "Tumor Size (mm)",
       CASE WHEN r.organ IS NULL THEN NULL WHEN r.organ_has_unsized THEN 'yes' ELSE 'no' END AS "Unknow Tumor Size",
       r.organ IS NULL AS "no lesion",
       CASE WHEN r.lesion_type IS NULL THEN NULL WHEN r.lesion_type = 'metastasis' THEN 'yes'
            WHEN r.lesion_type = 'unspecified' THEN 'u' ELSE 'no' END AS metastasis,
       CASE WHEN r.lesion_type IN ('malignant', 'metastasis') THEN 'yes' WHEN r.lesion_type IN ('benign', 'cyst') THEN 'no'
            WHEN r.lesion_type IS NULL THEN NULL ELSE 'u' END AS malignancy,
       r.finding_id
FROM v_extractions e LEFT JOIN rows r USING (report_id) LEFT JOIN v_report_case c ON c.report_id = e.report_id
WHERE e.status IN ('ok', 'no_lesion') OR r.organ IS NOT NULL;

CREATE OR REPLACE VIEW v_per_ct AS
WITH lesions AS (
    SELECT report_id, finding_id, organ, count_min AS n, largest_diameter_mm AS mm,
           rsuper_location(organ, laterality, location) AS standard_location
    FROM v_findings
)
SELECT e.report_id AS "Encrypted Accession Number", any_value(coalesce(c.case_id, e.report_id)) AS "BDMAP ID",
    CAST(coalesce(sum(n) FILTER (organ = 'liver'), 0) AS INTEGER) AS "number of liver lesion instances",
    largest_cm(bool_or(organ = 'liver'), max(mm) FILTER (organ = 'liver')) AS "largest liver lesion diameter (cm)",
    max_by(standard_location, coalesce(mm, 0)) FILTER (organ = 'liver') AS "largest liver lesion location (1-8)",
    CAST(coalesce(sum(n) FILTER (organ = 'pancreas'), 0) AS INTEGER) AS "number of pancreatic lesion instances",
    largest_cm(bool_or(organ = 'pancreas'), max(mm) FILTER (organ = 'pancreas')) AS "largest pancreatic lesion diameter (cm)",
    max_by(standard_location, coalesce(mm, 0)) FILTER (organ = 'pancreas') AS "largest pancreatic lesion location (head, body, tail)",
    CAST(coalesce(sum(n) FILTER (organ = 'kidney'), 0) AS INTEGER) AS "number of kidney lesion instances",
    largest_cm(bool_or(organ = 'kidney'), max(mm) FILTER (organ = 'kidney')) AS "largest kidney lesion diameter (cm)",
    max_by(standard_location, coalesce(mm, 0)) FILTER (organ = 'kidney') AS "largest kidney lesion location (left, right)",
    CAST(coalesce(sum(n) FILTER (organ = 'colon'), 0) AS INTEGER) AS "number of colon lesion instances",
    largest_cm(bool_or(organ = 'colon'), max(mm) FILTER (organ = 'colon')) AS "largest colon lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'esophagus'), 0) AS INTEGER) AS "number of esophagus lesion instances",
    largest_cm(bool_or(organ = 'esophagus'), max(mm) FILTER (organ = 'esophagus')) AS "largest esophagus lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'uterus'), 0) AS INTEGER) AS "number of uterus lesion instances",
    largest_cm(bool_or(organ = 'uterus'), max(mm) FILTER (organ = 'uterus')) AS "largest uterus lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'spleen'), 0) AS INTEGER) AS "number of spleen lesion instances",
    largest_cm(bool_or(organ = 'spleen'), max(mm) FILTER (organ = 'spleen')) AS "largest spleen lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'pelvis'), 0) AS INTEGER) AS "number of pelvis lesion instances",
    largest_cm(bool_or(organ = 'pelvis'), max(mm) FILTER (organ = 'pelvis')) AS "largest pelvis lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'adrenal_gland'), 0) AS INTEGER) AS "number of adrenal gland lesion instances",
    largest_cm(bool_or(organ = 'adrenal_gland'), max(mm) FILTER (organ = 'adrenal_gland')) AS "largest adrenal gland lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'bladder'), 0) AS INTEGER) AS "number of bladder lesion instances",
    largest_cm(bool_or(organ = 'bladder'), max(mm) FILTER (organ = 'bladder')) AS "largest bladder lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'gallbladder'), 0) AS INTEGER) AS "number of gallbladder lesion instances",
    largest_cm(bool_or(organ = 'gallbladder'), max(mm) FILTER (organ = 'gallbladder')) AS "largest gallbladder lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'breast'), 0) AS INTEGER) AS "number of breast lesion instances",
    largest_cm(bool_or(organ = 'breast'), max(mm) FILTER (organ = 'breast')) AS "largest breast lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'stomach'), 0) AS INTEGER) AS "number of stomach lesion instances",
    largest_cm(bool_or(organ = 'stomach'), max(mm) FILTER (organ = 'stomach')) AS "largest stomach lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'lung'), 0) AS INTEGER) AS "number of lung lesion instances",
    largest_cm(bool_or(organ = 'lung'), max(mm) FILTER (organ = 'lung')) AS "largest lung lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'bone'), 0) AS INTEGER) AS "number of bone lesion instances",
    largest_cm(bool_or(organ = 'bone'), max(mm) FILTER (organ = 'bone')) AS "largest bone lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'prostate'), 0) AS INTEGER) AS "number of prostate lesion instances",
    largest_cm(bool_or(organ = 'prostate'), max(mm) FILTER (organ = 'prostate')) AS "largest prostate lesion diameter (cm)",
    CAST(coalesce(sum(n) FILTER (organ = 'duodenum'), 0) AS INTEGER) AS "number of duodenum lesion instances",
    largest_cm(bool_or(organ = 'duodenum'), max(mm) FILTER (organ = 'duodenum')) AS "largest duodenum lesion diameter (cm)",
    CAST(count(finding_id) = 0 AS INTEGER) AS "no lesion"
FROM v_extractions e LEFT JOIN lesions l USING (report_id) LEFT JOIN v_report_case c ON c.report_id = e.report_id
WHERE e.status IN ('ok', 'no_lesion') AND NOT coalesce(list_contains(e.review_reasons, 'partly_unreadable'), false)
GROUP BY e.report_id;
