"""Tidy Parquet: one row per measured lesion."""

import pyarrow.parquet as pq
import pyarrow.types as kinds
from reportsup.pipelines.exporting import export


def test_one_row_per_size_and_only_scalars(database, findings, tmp_path):
    export(database, tmp_path / "t.parquet", "tidy")
    table = pq.read_table(tmp_path / "t.parquet")
    assert not any(kinds.is_nested(field.type) for field in table.schema)
    assert kinds.is_date(table.schema.field("study_date").type)
    rows = table.to_pylist()
    expected = sum(max(1, len(f["sizes_mm"]) + len(f["prior_sizes_mm"])) for f in findings.values())
    assert len(rows) == expected
    current, prior = (r for r in rows if r["report_id"] == "A-2")
    assert (current["size_of"], current["diameter_1_mm"], current["diameter_2_mm"]) == ("current", 23.0, 14.0)
    assert (prior["size_of"], prior["diameter_1_mm"], prior["diameter_2_mm"]) == ("prior", 18.0, None)
    (unsized,) = (r for r in rows if r["organ"] == "spleen" and r["report_id"] == "A-1")
    assert (unsized["diameter_1_mm"], unsized["size_of"]) == (None, None)
