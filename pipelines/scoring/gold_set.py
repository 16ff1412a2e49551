"""Annotated reports: gold files, and the reports that they are of."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ...schemas import InputError, Organ, Report
from ..reading import InputOptions, open_sources
from .records import GoldRecord, json_lines, read_records

_GOLD, _REPORTS = ".gold.jsonl", ".reports.jsonl"
_ORGANS = frozenset(Organ)


@dataclass
class GoldSet:
    """Annotations by report id, in the order of their files.

    Attributes:
        texts: of the reports, where they are known.
        sources: what each report comes from: the reports' column `source`, else the gold file's name.
        files: the gold files.
        report_files: where the texts are from.
    """

    records: dict[str, GoldRecord] = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    sources: dict[str, str] = field(default_factory=dict)
    files: list[Path] = field(default_factory=list)
    report_files: list[Path] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        """The gold files' names without their endings, for people."""
        return [_name(path) for path in self.files]


def read_gold_set(files: Sequence[Path], options: InputOptions | None = None) -> GoldSet:
    """The annotations of one or more gold files.

    Args:
        files: gold files, and tables of reports as `reportsup extract` reads them, in any order; they are told apart
            by what they hold. NAME.reports.jsonl beside NAME.gold.jsonl is found without being named.
        options: how to read the tables, where it is not recognised.

    Raises:
        InputError: no file is a gold file, a line is malformed, two are of one report, or a report is missing.
    """
    gold_files = [path for path in files if _is_gold(path)]
    if not gold_files:
        raise InputError(
            "gold: no gold file vs one at least, with a report a line: its id, findings, negative_organs. There is "
            "nothing to compare with or learn from. Name one, e.g. data_samples/benchmark/institution_1.gold.jsonl."
        )
    gold = GoldSet(files=gold_files, report_files=[path for path in files if path not in gold_files])
    lines: dict[str, tuple[Path, int]] = {}
    for path in gold_files:
        _add_gold(gold, path, lines)
    if not gold.report_files:
        beside = [p.with_name(p.name.removesuffix(_GOLD) + _REPORTS) for p in gold_files if p.name.endswith(_GOLD)]
        gold.report_files = [path for path in beside if path.is_file()]
        complete = len(gold.report_files) == len(gold_files)
    else:
        complete = True
    _add_reports(gold, lines if complete else {}, options or InputOptions())
    return gold


def _name(path: Path) -> str:
    return path.name.removesuffix(".jsonl").removesuffix(".gold")


def _is_gold(path: Path) -> bool:
    if not path.is_file():
        raise InputError(f"gold: {path} is not there vs a gold file or a table of reports. Check the path.")
    if path.name.endswith(_GOLD):
        return True
    if path.suffix not in (".jsonl", ".ndjson"):
        return False
    _, first = next(json_lines(path), (0, None))
    return isinstance(first, dict) and "findings" in first and "text" not in first


def _add_gold(gold: GoldSet, path: Path, lines: dict[str, tuple[Path, int]]) -> None:
    before = len(lines)
    for report_id, (number, record) in read_records(path).items():
        if report_id in lines:
            other, line = lines[report_id]
            raise InputError(
                f"gold: {path.name} line {number} is of the same report as {other.name} line {line} vs one annotation "
                "a report. Its findings would count twice. Take one out."
            )
        unknown = {*record.negative_organs, *(f.organ for f in record.findings)} - _ORGANS
        if unknown:
            raise InputError(
                f"gold: {path.name} line {number} annotates {len(unknown)} organ name(s) outside of the vocabulary vs "
                "names of schemas/anatomy.toml. No prediction could be right. Use its names."
            )
        lines[report_id] = path, number
        gold.records[report_id], gold.sources[report_id] = record, _name(path)
    if len(lines) == before:
        raise InputError(f"gold: {path.name} has no lines vs one a report. It holds nothing.")


def _add_reports(gold: GoldSet, lines: dict[str, tuple[Path, int]], options: InputOptions) -> None:
    """Texts and sources of the annotated reports; `lines` of annotations whose report must be there."""
    for source in open_sources(gold.report_files, options):
        for row in source.rows():
            if isinstance(row, Report) and row.report_id in gold.records:
                gold.texts[row.report_id] = row.text
                named = json.loads(row.extra_json).get("source")
                if named:
                    gold.sources[row.report_id] = str(named)
    for report_id, (path, number) in lines.items():
        if report_id not in gold.texts:
            raise InputError(
                f"gold: {path.name} line {number} names a report that is not in "
                f"{', '.join(p.name for p in gold.report_files)} vs a line a report. Its quotes cannot be checked. "
                "Name the table that has it, or correct the id."
            )
