-- When exams were made. What reports.csv said stays in `reports.study_date`, as text.

CREATE OR REPLACE MACRO date_only(said) AS regexp_replace(regexp_replace(trim(said), '[T ]+\d{1,2}:\d{2}.*$', ''), '^(\d{8})\d{4,6}(\.\d+)?$', '\1');

-- 3/4/2023 is in March or April; day_first tells, or one of the numbers does, being above 12. Else it is not read.
CREATE OR REPLACE MACRO numeric_date(first, second, year, day_first) AS CASE
    WHEN first > 12 OR (second <= 12 AND day_first) THEN try_cast(printf('%04d-%02d-%02d', year, second, first) AS DATE)
    WHEN second > 12 OR NOT day_first THEN try_cast(printf('%04d-%02d-%02d', year, first, second) AS DATE) END;

-- Years as of de-identified archives, whose dates are shifted by centuries.
CREATE OR REPLACE MACRO plausible_date(day) AS CASE WHEN year(day) BETWEEN 1900 AND 2299 THEN day END;

CREATE OR REPLACE MACRO as_date(said, day_first) AS plausible_date(CASE
    WHEN regexp_matches(date_only(said), '^\d{1,2}[/-]\d{1,2}[/-]\d{4}$') THEN numeric_date(
        try_cast(regexp_extract(date_only(said), '^\d+') AS INTEGER),
        try_cast(regexp_extract(date_only(said), '^\d+[/-](\d+)', 1) AS INTEGER),
        try_cast(regexp_extract(date_only(said), '\d{4}$') AS INTEGER), day_first)
    WHEN regexp_matches(date_only(said), '\d{4}') THEN CAST(try_strptime(date_only(said), [
        '%Y-%m-%d', '%Y%m%d', '%Y/%m/%d', '%Y.%m.%d', '%d.%m.%Y', '%d-%b-%Y', '%d %b %Y', '%d %B %Y', '%b %d, %Y',
        '%B %d, %Y', '%b %d %Y', '%B %d %Y', '%d. %B %Y']) AS DATE) END);

-- Whether a file writes the day before the month, from its dates in which one number is above 12; NULL = they do not say.
CREATE OR REPLACE VIEW v_day_first AS
SELECT source_file, CASE WHEN bool_or(first > 12) <> bool_or(second > 12) THEN bool_or(first > 12) END AS day_first
FROM (SELECT source_file, try_cast(regexp_extract(study_date, '^\s*(\d{1,2})[/-]\d{1,2}[/-]\d{4}', 1) AS INTEGER) AS first,
             try_cast(regexp_extract(study_date, '^\s*\d{1,2}[/-](\d{1,2})[/-]\d{4}', 1) AS INTEGER) AS second
      FROM reports)
GROUP BY source_file;

-- Reports with their date as one, NULL where it cannot be read, and as it was written.
CREATE OR REPLACE VIEW v_reports AS
SELECT r.* REPLACE (as_date(r.study_date, d.day_first) AS study_date), r.study_date AS study_date_text
FROM reports r LEFT JOIN v_day_first d ON d.source_file IS NOT DISTINCT FROM r.source_file;
