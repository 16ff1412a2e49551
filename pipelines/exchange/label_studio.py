"""Label Studio: reports as tasks with the findings as predictions.

A finding is its quotes as regions of its organ's label, joined by relations; its fields stand in the first region's
controls, whose names are columns of `v_findings`. Offsets count characters. `label_studio_annotations` reads them back.
"""

import json
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from ...schemas import Organ
from ...schemas.finding_values import CHOICES as FINDING_CHOICES
from .records import Record, records

CHOICES = {field: values for field, values in FINDING_CHOICES.items() if field != "organ"}
TEXTS = ("location", "type_text", "image_reference")
SIZES = ("sizes_mm", "prior_sizes_mm")
NUMBERS = ("count", "count_min")
LABELS, NEGATIVES, SAME = "label", "negative_organs", "same finding"


def write_label_studio(connection: duckdb.DuckDBPyConnection, out: Path, raw: bool) -> list[str]:
    """Write the tasks as a JSON list, a task a line."""
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for number, record in enumerate(records(connection)):
            file.write((",\n" if number else "[\n") + json.dumps(task(record), ensure_ascii=False))
        file.write("\n]\n" if file.tell() else "[]\n")
    return []


def write_labelling_interface(connection: duckdb.DuckDBPyConnection, out: Path, raw: bool) -> list[str]:
    """Write the project's labelling interface: organs as labels, the vocabulary as choices."""
    text = (files(__package__) / "label_studio.xml").read_text(encoding="utf-8")
    for name, values in CHOICES.items():
        text = text.replace("{{" + name + "}}", _lines("Choice", [str(v) for v in values]))
    organs = [str(organ) for organ in Organ]
    text = text.replace("{{organs}}", _lines("Label", organs)).replace("{{organs_free}}", _lines("Choice", organs))
    out.write_text(text, encoding="utf-8")
    return []


def task(record: Record) -> dict[str, Any]:
    """A report with its findings as one prediction."""
    results = [result for finding in record.findings for result in _results(finding)]
    if record.negatives:
        free = {"choices": [n["organ"] for n in record.negatives]}
        results.append({"id": "negative", "from_name": NEGATIVES, "to_name": "text", "type": "choices", "value": free})
    sure = [f["confidence"] for f in record.findings if f["confidence"] is not None]
    prediction: dict[str, Any] = {"model_version": record.reader or record.system, "result": results}
    if sure:
        prediction["score"] = min(sure)
    return {"data": {"report_id": record.report_id, "text": record.text}, "predictions": [prediction]}


def _results(finding: dict[str, Any]) -> Iterator[dict[str, Any]]:
    quotes = finding["quotes"] or [{"start": finding["anchor_start"], "end": finding["anchor_end"], "text": ""}]
    ids = [finding["finding_id"] + (f".{i}" if i else "") for i in range(len(quotes))]
    for identity, quote in zip(ids, quotes, strict=True):
        yield _result(identity, LABELS, "labels", quote, {"text": quote["text"], "labels": [finding["organ"]]})
    first = ids[0], quotes[0]
    for name in CHOICES:
        if finding[name]:
            yield _result(first[0], name, "choices", first[1], {"choices": [finding[name]]})
    for name in TEXTS:
        told = finding[name] if isinstance(finding[name], list) else [finding[name]]
        if any(told):
            yield _result(first[0], name, "textarea", first[1], {"text": told})
    for name in SIZES:
        if finding[name]:
            told = [" x ".join(f"{mm:g}" for mm in diameters) for diameters in finding[name]]
            yield _result(first[0], name, "textarea", first[1], {"text": told})
    for name in NUMBERS:
        if finding[name] is not None:
            yield _result(first[0], name, "number", first[1], {"number": finding[name]})
    for other in ids[1:]:
        yield {"type": "relation", "from_id": ids[0], "to_id": other, "direction": "right", "labels": [SAME]}


def _result(identity: str, name: str, kind: str, quote: dict[str, Any], value: dict[str, Any]) -> dict[str, Any]:
    place = {"start": quote["start"], "end": quote["end"]}
    return {"id": identity, "from_name": name, "to_name": "text", "type": kind, "value": place | value}


def _lines(element: str, values: list[str]) -> str:
    return "\n".join(f'    <{element} value="{value}"/>' for value in values)
