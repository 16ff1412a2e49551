"""What `from reportsup import …` offers of the reports' side: one report, a DataFrame, files."""

from collections.abc import Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from ..nlp.extractor import Extractor
from ..schemas import ConfigError, Extraction
from .extraction import RunSummary

Frame = TypeVar("Frame")


def read_report(text: str, report_id: str = "report", *, extractor: Extractor | None = None) -> Extraction:
    """The findings of one report, each with its quotes, and the organs that it calls free of lesions.

    Args:
        text: the report.
        report_id: the extraction's name.
        extractor: who reads; by default the rules that ship (others: `reportsup.pipelines.backends.make_extractor`).

    Example:
        >>> found = read_report("LIVER: 23 x 14 mm cyst in segment 4a. KIDNEYS: Normal.")
        >>> found.findings[0].location, found.findings[0].sizes[0].diameters_mm
        (('segment 4a',), (23.0, 14.0))
        >>> [str(organ) for organ in found.negative_organs]
        ['kidney']
    """
    return (extractor or _rules()).extract(report_id, text)


def read_frame(
    frame: Frame,
    *,
    id_column: str | None = None,
    text_columns: Sequence[str] = (),
    extractor: Extractor | None = None,
) -> Frame:
    """The findings of a DataFrame of reports, one a row, as a DataFrame of the same kind (pandas, Polars, Arrow).

    A report without findings has one row too, whose organ is missing: `status` tells whether it names no lesion or
    could not be read. The other columns are those of `v_findings`; sizes are in mm.

    Args:
        frame: one report a row; anything that pyarrow takes.
        id_column, text_columns: recognised by their names where they are not given, as by `reportsup extract`.
        extractor: see `read_report`.

    Raises:
        ConfigError: no id or text column is recognised, or two rows have one id.

    Example:
        >>> import pyarrow
        >>> reports = pyarrow.table({"id": ["a", "b"], "report": ["LIVER: 2 cm cyst.", "No mass."]})
        >>> read_frame(reports).select(["report_id", "status", "organ", "sizes_mm"]).to_pylist()[0]
        {'report_id': 'a', 'status': 'ok', 'organ': 'liver', 'sizes_mm': [[20.0]]}
    """
    import pyarrow

    table = frame if isinstance(frame, pyarrow.Table) else pyarrow.table(frame)
    reader = extractor or _rules()
    rows: list[dict[str, Any]] = []
    seen: set[str] = set()
    for report_id, text in _reports(table, id_column, text_columns):
        if report_id in seen:
            raise ConfigError("reports: two rows have one id, each needs its own. Number them, or drop what is double.")
        seen.add(report_id)
        rows += _rows(reader.extract(report_id, text))
    return _as_given(pyarrow.Table.from_pylist(rows, schema=_schema()), frame)


def extract(
    paths: Sequence[Path | str] | Path | str,
    database: Path | str = "reportsup.duckdb",
    *,
    workers: int = 1,
    backend: str = "rules",
    **options: Any,
) -> RunSummary:
    """Read files of reports into a database, as `reportsup extract` does; run again, only what is new is read.

    Args:
        paths: CSV, TSV, Parquet, JSON lines or .xlsx.
        workers: processes. A script that asks for several must stand under `if __name__ == "__main__":`.
        backend, options: an extractor and its arguments (`reportsup.pipelines.backends`).

    Raises:
        InputError, ConfigError: a file cannot be read, or its columns are not recognised.
        DatabaseError: another process writes to the database, or it is damaged.
    """
    from .backends import ExtractorSpec
    from .extraction import RunOptions, run_extraction
    from .reading import InputOptions, open_sources

    several = [paths] if isinstance(paths, str | Path) else paths
    sources = open_sources([Path(path) for path in several], InputOptions())
    return run_extraction(sources, Path(database), ExtractorSpec(backend, options), RunOptions(workers=workers))


@cache
def _rules() -> Extractor:
    from ..nlp.rules_extractor import RulesExtractor

    return RulesExtractor()


def _reports(table: Any, id_column: str | None, text_columns: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Id and text of every row; an empty text is read as such."""
    from .columns import recognise
    from .reading import as_id, joined_text

    columns = recognise(table.column_names, id_column=id_column, text_columns=text_columns, source="the frame")
    for batch in table.to_batches(max_chunksize=1000):
        for number, cells in enumerate(batch.to_pylist()):
            yield as_id(cells[columns.id]) if columns.id else str(number), joined_text(cells, columns)


def _rows(extraction: Extraction) -> list[dict[str, Any]]:
    told = {"report_id": extraction.report_id, "status": str(extraction.status)}
    if not extraction.findings:
        return [told]
    from .rows import finding_ids

    rows = []
    ids = finding_ids(extraction.report_id, extraction.findings)
    for identity, finding in zip(ids, extraction.findings, strict=True):
        values = finding.model_dump(mode="json", exclude={"sizes", "prior_sizes", "anchor", "evidence", "decided_by"})
        sizes = {
            "sizes_mm": [list(m.diameters_mm) for m in finding.sizes],
            "prior_sizes_mm": [list(m.diameters_mm) for m in finding.prior_sizes],
        }
        places = {
            "anchor_start": finding.anchor.start,
            "anchor_end": finding.anchor.end,
            "evidence": [span.text for span in finding.evidence],
        }
        rows.append(told | {"finding_id": identity} | values | sizes | places)
    return rows


def _schema() -> Any:
    import pyarrow as pa

    text, sizes = pa.string(), pa.list_(pa.list_(pa.float64()))
    kinds = {
        "report_id": text, "status": text, "finding_id": text, "organ": text, "laterality": text,
        "location": pa.list_(text), "lesion_type": text, "type_text": text, "certainty": text, "count": pa.int32(),
        "count_min": pa.int32(), "sizes_mm": sizes, "size_bound": text, "prior_sizes_mm": sizes, "attenuation": text,
        "image_reference": text, "section": text, "evidence": pa.list_(text), "anchor_start": pa.int32(),
        "anchor_end": pa.int32(), "corrected": pa.bool_(), "confidence": pa.float64(),
    }  # fmt: skip
    return pa.schema(list(kinds.items()))


def _as_given(table: Any, frame: Frame) -> Frame:
    """The table as what the caller works with."""
    kind = type(frame).__module__.partition(".")[0]
    if kind == "pandas":
        given: Frame = table.to_pandas()
        return given
    if kind == "polars":
        import polars

        given = polars.from_arrow(table)
        return given
    given = table
    return given
