"""What is fuzzed: each target takes bytes and raises nothing but what its code promises to raise.

A target is made by its function in `TARGETS`, which prepares what is slow and returns what is called for every input.
What a target raises is a finding.
"""

import contextlib
import io
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from reportsup.schemas import ReportsupError

Input = bytes
Run = Callable[[Input], None]
_SAMPLE = "FINDINGS: Liver: 2.3 x 1.4 cm cyst in segment 4a (previously 12 mm). No lesion in the spleen.\n"
_ANSWER = {
    "findings": [
        {
            "evidence": ["2.3 x 1.4 cm cyst in segment 4a"], "organ": "liver", "laterality": None,
            "location": ["segment 4a"], "type": "cyst", "certainty": "present", "count": 1, "count_min": 1,
            "sizes": ["2.3 x 1.4 cm"], "size_bound": "exact", "prior_sizes": [],
        }
    ],
    "negative_organs": [{"evidence": "No lesion in the spleen", "organ": "spleen"}],
}  # fmt: skip
_PHRASES = (
    "FINDINGS:\n", "IMPRESSION:\n", "HISTORY: ", "Liver: ", "No ", "cyst ", "mass ", "nodules ", "in segment 4a ",
    "of the left kidney ", "the pancreas ", "both lungs ", "measuring ", "2 cm", "3 x 4 mm", "up to 1.5 cm ", "(", ")",
    ", ", ". ", "\n", "- ", "1. ", "previously ", "now ", "two ", "multiple ", "unchanged ", "Size | Organ\n",
    "the largest ", "metastases ", "likely ", "at least ", "it ", "these ", "<1 cm ", "normal", " | ", "image 3/45 ",
)  # fmt: skip


@dataclass(frozen=True)
class Target:
    """A target: what makes it, inputs to start from, and words that its inputs are made of."""

    about: str
    make: Callable[[], Run]
    seeds: tuple[bytes, ...]
    words: tuple[str, ...] = ()


def _report() -> Run:
    from reportsup.nlp.rules_extractor import RulesExtractor

    extractor = RulesExtractor()

    def run(data: Input) -> None:
        text = data.decode("utf-8", "replace")
        found = extractor.extract("r", text)
        for finding in found.findings:
            for quote in finding.evidence:
                assert text[quote.start : quote.end] == quote.text, "a quote is not the text at its place"

    return run


def _sizes() -> Run:
    from reportsup.nlp.folding import fold
    from reportsup.nlp.recognise.sizes import find_sizes

    def run(data: Input) -> None:
        text = data.decode("utf-8", "replace")
        for size in find_sizes(fold(text)):
            assert 0 <= size.start < size.end <= len(text), "a size outside the text"
            assert all(mm == mm and abs(mm) < float("inf") for mms in size.lesions_mm for mm in mms), "no finite size"

    return run


def _decider() -> Run:
    """Reports made of the phrases that decisions turn on, one byte each: deeper than random letters come."""
    from reportsup.nlp.reader_files import load_reader

    reader = load_reader(None, None).reader

    def run(data: Input) -> None:
        text = "".join(_PHRASES[byte % len(_PHRASES)] for byte in data[:600])
        reading = reader.read(text)
        assert 0 <= reading.confidence <= 1, "a confidence that is no probability"
        assert all(0 <= draft.confidence <= 1 for draft in reading.drafts), "a confidence that is no probability"

    return run


def _validators() -> Run:
    from pydantic import ValidationError
    from reportsup.schemas import Finding

    def run(data: Input) -> None:
        try:
            finding = Finding.model_validate_json(data, context={"text": _SAMPLE})
        except ValidationError:
            return
        for quote in finding.evidence:
            assert _SAMPLE[quote.start : quote.end] == quote.text, "a quote is not the text at its place"

    return run


def _table(ending: str) -> Callable[[], Run]:
    def make() -> Run:
        from reportsup.pipelines.reading import InputOptions, Reject, open_sources

        folder = Path(tempfile.mkdtemp(prefix="fuzz"))

        def run(data: Input) -> None:
            path = folder / f"reports.{ending}"
            path.write_bytes(data)
            try:
                for source in open_sources([path], InputOptions()):
                    for row in source.rows():
                        told = row.reason if isinstance(row, Reject) else row.text + row.extra_json
                        told.encode()
            except ReportsupError:
                pass

        return run

    return make


def _nifti() -> Run:
    from reportsup.segmentation.cases.ct_checks import check_ct

    folder = Path(tempfile.mkdtemp(prefix="fuzz"))

    def run(data: Input) -> None:
        path = folder / ("ct.nii.gz" if data[:2] == b"\x1f\x8b" else "ct.nii")
        path.write_bytes(data)
        _, problems = check_ct("c", path)
        for problem in problems:
            str(problem)

    return run


def _dataset_json() -> Run:
    from reportsup.segmentation.cases import read_layout

    folder = Path(tempfile.mkdtemp(prefix="fuzz"))

    def run(data: Input) -> None:
        (folder / "dataset.json").write_bytes(data)
        with contextlib.suppress(ReportsupError):
            read_layout(folder)

    return run


def _configuration() -> Run:
    from reportsup.segmentation.training.config import load_config

    path = Path(tempfile.mkdtemp(prefix="fuzz")) / "train.toml"

    def run(data: Input) -> None:
        path.write_bytes(data)
        with contextlib.suppress(ReportsupError):
            load_config(path)

    return run


def _sql() -> Run:
    """The database is neither changed nor is a file written beside it, whatever the query."""
    from reportsup.pipelines.querying import as_csv, as_json, query
    from reportsup.schemas.database import open_database

    folder = Path(tempfile.mkdtemp(prefix="fuzz"))
    database = folder / "d.duckdb"
    with open_database(database):
        pass
    before = database.read_bytes()

    def run(data: Input) -> None:
        try:
            found = query(database, data.decode("utf-8", "replace"))
            as_csv(found)
            as_json(found)
        except ReportsupError:
            pass
        assert [path.name for path in folder.iterdir()] == [database.name], "a file was written"
        assert database.read_bytes() == before, "the database was changed"

    return run


def _answer() -> Run:
    from reportsup.nlp.llm.grounding import Grounder
    from reportsup.nlp.llm.wire import UnreadableAnswerError, parse_answer
    from reportsup.nlp.rule_files import load_rules

    grounder = Grounder(load_rules())

    def run(data: Input) -> None:
        try:
            answer = parse_answer(data.decode("utf-8", "replace"))
        except UnreadableAnswerError:
            return
        for finding in grounder.ground(_SAMPLE, answer).findings:
            for quote in finding.evidence:
                assert _SAMPLE[quote.start : quote.end] == quote.text, "a quote is not the text at its place"

    return run


def _parquet_seed() -> bytes:
    import pyarrow
    import pyarrow.parquet

    out = io.BytesIO()
    pyarrow.parquet.write_table(pyarrow.table({"report_id": ["a", "b"], "text": [_SAMPLE, None]}), out)
    return out.getvalue()


def _nifti_seed() -> bytes:
    import nibabel as nib
    import numpy as np

    voxels = (np.arange(4 * 4 * 4).reshape(4, 4, 4) * 30 - 1000).astype(np.int16)
    return bytes(nib.Nifti1Image(voxels, np.eye(4)).to_bytes())


_JSON = (
    '"labels"',
    '"training"',
    '"image"',
    '"label"',
    '"dataset"',
    '"channel_names"',
    '"file_ending"',
    "null",
    "[",
    "{",
)
_FINDING = {
    "organ": "liver", "location": ["segment 4a"], "lesion_type": "cyst", "count": 1, "count_min": 1,
    "sizes": [{"diameters_mm": [23.0, 14.0], "source": {"start": 17, "end": 29, "text": "2.3 x 1.4 cm"}}],
    "size_bound": "exact", "anchor": {"start": 30, "end": 34, "text": "cyst"},
    "evidence": [{"start": 17, "end": 34, "text": "2.3 x 1.4 cm cyst"}],
}  # fmt: skip

TARGETS: Mapping[str, Target] = {
    "report": Target("report reader, any text", _report, (_SAMPLE.encode(),), _PHRASES),
    "sizes": Target(
        "size grammar", _sizes, (b"2.3 x 1.4 cm", b"1-2 cm, 3mm"),
        ("cm", "mm", " x ", "×", "-", "to", "½", "1,5", "sub", "centimeter", "<", "up to", "by", "AP", "."),
    ),
    "decider": Target(
        "decider, phrases that decisions turn on", _decider, (bytes(range(0, 39)), bytes(range(38, 0, -1))),
    ),
    "validators": Target("validators of findings", _validators, (json.dumps(_FINDING).encode(),), _JSON),
    "csv": Target(
        "CSV reader", _table("csv"), (b'report_id,text\na,"x\ny"\n', b"id;report\n1;x\n"), ('"', "sep=;", ";", "\t"),
    ),
    "jsonl": Target(
        "JSON lines reader", _table("jsonl"), (b'{"report_id": "a", "text": "x"}\n',), ('"text"', "NaN", "[", "{"),
    ),
    "parquet": Target("Parquet reader", _table("parquet"), (_parquet_seed(),)),
    "nifti": Target("NIfTI intake", _nifti, (_nifti_seed(),)),
    "dataset_json": Target(
        "dataset.json", _dataset_json,
        (
            b'{"labels": {"background": 0, "liver": 1}, "training": [{"image": "a.nii.gz", "label": "b.nii.gz"}]}',
            b'{"labels": {"0": "liver"}, "channel_names": {"0": "CT"}, "file_ending": ".nii.gz", "dataset": {"a": {}}}',
        ),
        _JSON,
    ),
    "configuration": Target(
        "configuration TOML", _configuration, (b"[train]\nbatch_size = 4\norgans = ['liver']\n",),
        ("[train]", "report_share", "network_args", "recipe", "inf", "nan", "patch_size", "1979-05-27"),
    ),
    "sql": Target(
        "SQL command", _sql, (b"SELECT * FROM v_findings", b"COPY reports TO 'x.csv'", b"ATTACH 'x.duckdb'"),
        ("SELECT", "COPY", "TO", "ATTACH", "INSTALL httpfs", "LOAD", "SET", "PRAGMA", "EXPORT DATABASE 'x'", ";"),
    ),
    "answer": Target(
        "LLM answer parser and grounding", _answer, (json.dumps(_ANSWER).encode(),), ("<think>", "```", "NaN", "1e999"),
    ),
}  # fmt: skip
