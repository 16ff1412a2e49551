"""FHIR R4: per report a Bundle, a line each, of its DiagnosticReport, an Observation per finding and per organ that is
free of lesions, and Provenance of who or what said so.

A Bundle is a transaction of PUTs with ids that stay the same, so that sending it again changes nothing. Components are
named after the columns of `v_findings`. What a machine read is `preliminary`, what a person said `final`.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb

from . import codes
from .records import Record, records

Resource = dict[str, Any]
_TERMINOLOGY = "http://terminology.hl7.org/CodeSystem"
_PEOPLE = """
SELECT report_id, finding_id, kind, corrected_by, corrected_at, reason FROM v_corrections
WHERE outcome = 'matched' AND kind IN ('edit', 'add') ORDER BY report_id, seq"""
_STRINGS = ("type_text", "size_bound", "attenuation", "image_reference", "section", "certainty")


def write_fhir(connection: duckdb.DuckDBPyConnection, out: Path, raw: bool) -> list[str]:
    """Write newline-delimited Bundles."""
    people: dict[str, list[tuple[Any, ...]]] = {}
    for report_id, *said in connection.execute(_PEOPLE).fetchall():
        people.setdefault(report_id, []).append(tuple(said))
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for record in records(connection):
            file.write(json.dumps(bundle(record, people.get(record.report_id, [])), ensure_ascii=False) + "\n")
    return []


def bundle(record: Record, corrections: Sequence[tuple[Any, ...]] = ()) -> Resource:
    """One report as a transaction.

    Args:
        corrections: finding_id, kind, by whom, when, why; of the record's findings.
    """
    base = hashlib.sha256(record.report_id.encode()).hexdigest()[:32]
    found = [_finding(f"{base}-{f['finding_id']}", record, f) for f in record.findings]
    found += [_free(f"{base}-no-{n['organ'].replace('_', '-')}", record, n) for n in record.negatives]
    resources = [_report(base, record, found), *found, *_provenance(base, record, found, corrections)]
    entries = [
        {"resource": r, "request": {"method": "PUT", "url": f"{r['resourceType']}/{r['id']}"}} for r in resources
    ]
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def _report(identity: str, record: Record, found: Sequence[Resource]) -> Resource:
    text = base64.b64encode(record.text.encode()).decode()
    form = {"contentType": "text/plain; charset=utf-8", "data": text}
    title = record.exam or record.modality
    return {
        "resourceType": "DiagnosticReport",
        "id": identity,
        "identifier": [{"value": record.report_id}],
        "status": "unknown",
        "category": [_concept("Radiology", f"{_TERMINOLOGY}/v2-0074", ("RAD", "Radiology"))],
        "code": {"coding": [{"system": codes.LOINC, "code": codes.IMAGING_REPORT}]}
        | ({"text": title} if title else {}),
        **_of_patient(record),
        **({"result": [_reference(o) for o in found]} if found else {}),
        "presentedForm": [form],
    }


def _finding(identity: str, record: Record, finding: dict[str, Any]) -> Resource:
    present = finding["certainty"]
    by_person = record.by_reader or finding["corrected"]
    resource = _observation(identity, record, finding, _concept(present, codes.SNOMED_CT, codes.PRESENCE.get(present)))
    resource["status"] = "final" if by_person else "preliminary"
    resource["identifier"] = [{"value": finding["finding_id"]}]
    resource["component"] = list(_components(finding))
    return resource


def _free(identity: str, record: Record, negative: dict[str, Any]) -> Resource:
    absent = _concept("absent", codes.SNOMED_CT, codes.PRESENCE["absent"])
    resource = _observation(identity, record, negative, absent)
    resource["status"] = "final" if record.by_reader else "preliminary"
    if negative["confidence"] is not None:
        resource["component"] = [_component("confidence", valueQuantity={"value": negative["confidence"]})]
    return resource


def _observation(identity: str, record: Record, told: dict[str, Any], value: Resource) -> Resource:
    organ = told["organ"]
    where = [told.get("laterality"), organ.replace("_", " "), *(told.get("location") or ())]
    return {
        "resourceType": "Observation",
        "id": identity,
        "category": [_concept("Imaging", f"{_TERMINOLOGY}/observation-category", ("imaging", "Imaging"))],
        "code": _concept("focal lesion", codes.SNOMED_CT, codes.LESION),
        **_of_patient(record),
        "valueCodeableConcept": value,
        "bodySite": _concept(", ".join(w for w in where if w), codes.SNOMED_CT, codes.organ_code(organ)),
    }


def _components(finding: dict[str, Any]) -> Iterator[Resource]:
    yield _component("organ", valueString=finding["organ"])
    if finding["laterality"]:
        side = _concept(finding["laterality"], codes.SNOMED_CT, codes.SIDES.get(finding["laterality"]))
        yield _component("laterality", valueCodeableConcept=side)
    kind = finding["lesion_type"]
    yield _component("lesion_type", valueCodeableConcept=_concept(kind, codes.SNOMED_CT, codes.TYPES.get(kind)))
    for i, place in enumerate(finding["location"]):
        yield _component(f"location[{i}]", valueString=place)
    for name in _STRINGS:
        if finding[name]:
            yield _component(name, valueString=finding[name])
    for name in ("count", "count_min", "anchor_start", "anchor_end"):
        if finding[name] is not None:
            yield _component(name, valueInteger=finding[name])
    for name in ("sizes_mm", "prior_sizes_mm"):
        for i, diameters in enumerate(finding[name]):
            for k, mm in enumerate(diameters):
                size = {"value": mm, "unit": "mm", "system": codes.UCUM, "code": "mm"}
                yield _component(f"{name}[{i}][{k}]", codes.DIAMETER, valueQuantity=size)
    for i, quote in enumerate(finding["quotes"]):
        yield _component(f"evidence[{i}]", valueString=quote["text"])
        yield _component(f"evidence_start[{i}]", valueInteger=quote["start"])
    yield _component("corrected", valueBoolean=finding["corrected"])
    if finding["confidence"] is not None:
        yield _component("confidence", valueQuantity={"value": finding["confidence"]})


def _provenance(
    base: str, record: Record, found: Sequence[Resource], corrections: Sequence[tuple[Any, ...]]
) -> Iterator[Resource]:
    report = {"reference": f"DiagnosticReport/{base}"}
    of_person = {identity for identity, *_ in corrections}
    read = [_reference(o) for o in found if o.get("identifier", [{}])[0].get("value") not in of_person]
    who = record.reader if record.by_reader else record.system
    agent = _agent("author" if record.by_reader else "assembler", who or "unknown")
    yield _statement(f"{base}-read", read or [report], record.extracted_at, "CREATE", agent, report)
    known = {o["identifier"][0]["value"]: o for o in found if "identifier" in o}
    for number, (finding_id, kind, by, when, reason) in enumerate(corrections):
        if finding_id in known:
            activity = "CREATE" if kind == "add" else "UPDATE"
            target = [_reference(known[finding_id])]
            said = _statement(f"{base}-said-{number}", target, when, activity, _agent("author", by), report)
            yield said | ({"reason": [{"text": reason}]} if reason else {})


def _statement(
    identity: str, target: list[Resource], when: datetime, activity: str, agent: Resource, source: Resource
) -> Resource:
    return {
        "resourceType": "Provenance",
        "id": identity,
        "target": target,
        "recorded": f"{when.isoformat()}Z",
        "activity": {"coding": [{"system": f"{_TERMINOLOGY}/v3-DataOperation", "code": activity}]},
        "agent": [agent],
        "entity": [{"role": "source", "what": source}],
    }


def _agent(role: str, who: str) -> Resource:
    kind = {"coding": [{"system": f"{_TERMINOLOGY}/provenance-participant-type", "code": role}]}
    return {"type": kind, "who": {"display": who}}


def _of_patient(record: Record) -> Resource:
    told: Resource = {}
    if record.patient_id:
        told["subject"] = {"type": "Patient", "identifier": {"value": record.patient_id}}
    if record.study_date:
        told["effectiveDateTime"] = str(record.study_date)
    return told


def _reference(resource: Resource) -> Resource:
    return {"reference": f"{resource['resourceType']}/{resource['id']}"}


def _component(name: str, code: codes.Code | None = None, **value: Any) -> Resource:
    return {"code": _concept(name, codes.SNOMED_CT, code), **value}


def _concept(text: str, system: str, code: codes.Code | None) -> Resource:
    if code is None:
        return {"text": text}
    display = {"display": code[1]} if code[1] else {}
    return {"coding": [{"system": system, "code": code[0], **display}], "text": text}
