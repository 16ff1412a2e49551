"""Tidy Parquet: one row per measured lesion (or per finding without a size), one scalar a column, for R and pandas."""

from pathlib import Path

import duckdb

_TIDY = """
WITH measured AS (
    SELECT *, unnest(CASE WHEN len(sizes_mm) + len(prior_sizes_mm) = 0 THEN [NULL] ELSE list_concat(
               [{exam: 'current', i: i, d: sizes_mm[i]} for i in range(1, len(sizes_mm) + 1)],
               [{exam: 'prior', i: i, d: prior_sizes_mm[i]} for i in range(1, len(prior_sizes_mm) + 1)]) END) AS m
    FROM v_findings
)
SELECT f.report_id, f.patient_id, f.study_date, f.study_date_text, r.modality, r.exam, f.finding_id, f.organ,
       f.laterality, nullif(array_to_string(f.location, ' | '), '') AS location, f.lesion_type, f.type_text,
       f.certainty, f.count, f.count_min, m.exam AS size_of, CAST(m.i AS INTEGER) AS lesion, f.size_bound,
       m.d[1] AS diameter_1_mm, m.d[2] AS diameter_2_mm, m.d[3] AS diameter_3_mm,
       lesion_volume_mm3(m.d) AS ellipsoid_mm3, f.attenuation, f.image_reference, f.section,
       array_to_string(f.evidence, ' | ') AS evidence, f.anchor_start, f.anchor_end, f.corrected, f.confidence
FROM measured f JOIN reports r USING (report_id)
ORDER BY f.report_id, f.anchor_start, f.finding_id, size_of, lesion"""


def write_tidy(connection: duckdb.DuckDBPyConnection, out: Path, raw: bool) -> list[str]:
    """Write the table."""
    target = str(out).replace("'", "''")
    connection.execute(f"COPY ({_TIDY}) TO '{target}' (FORMAT parquet)")
    return []
