"""FHIR R4 Bundles, validated by fhir.resources (its R4B package: R4's resources of these kinds are the same)."""

import base64
import json
import re

import pytest
from fhir.resources.R4B.bundle import Bundle
from reportsup.pipelines.exporting import export

from .conftest import REPORTS

TEXTS = {row[0]: row[3] for row in REPORTS}


@pytest.fixture
def bundles(database, tmp_path):
    export(database, tmp_path / "b.ndjson", "fhir")
    lines = (tmp_path / "b.ndjson").read_text().splitlines()
    return [[entry["resource"] for entry in json.loads(line)["entry"]] for line in lines]


def of(resources, kind):
    return [resource for resource in resources if resource["resourceType"] == kind]


def test_every_bundle_is_valid_and_refers_to_what_it_holds(database, tmp_path):
    export(database, tmp_path / "b.ndjson", "fhir")
    lines = (tmp_path / "b.ndjson").read_text().splitlines()
    assert len(lines) == len(REPORTS) - 1  # one is unreadable
    ids = []
    for line in lines:
        bundle = Bundle.model_validate_json(line)
        for entry in bundle.entry:
            assert entry.request.url == f"{entry.resource.get_resource_type()}/{entry.resource.id}"
            ids.append(entry.request.url)
        for reference in re.findall(r'"reference": "([^"]+)"', line):
            assert f'"url": "{reference}"' in line
    assert len(ids) == len(set(ids))


def test_a_wrong_resource_would_be_refused(bundles):
    observation = of(bundles[0], "Observation")[0]
    with pytest.raises(ValueError, match="status"):
        Bundle.model_validate(
            {
                "resourceType": "Bundle",
                "type": "collection",
                "entry": [{"resource": {**observation, "status": None}}],
            }
        )


def test_the_text_comes_back(bundles):
    texts = {}
    for resources in bundles:
        (report,) = of(resources, "DiagnosticReport")
        texts[report["identifier"][0]["value"]] = base64.b64decode(report["presentedForm"][0]["data"]).decode()
    assert texts == {row[0]: row[3] for row in REPORTS if row[0] != "A-7"}


def test_every_field_of_a_finding_comes_back(bundles, findings):
    seen = set()
    for resources in bundles:
        (report,) = of(resources, "DiagnosticReport")
        for observation in of(resources, "Observation"):
            if "identifier" not in observation:
                continue
            key = report["identifier"][0]["value"], observation["identifier"][0]["value"]
            seen.add(key)
            told = {}
            for component in observation["component"]:
                (value,) = [v for k, v in component.items() if k != "code"]
                value = value.get("text", value.get("value")) if isinstance(value, dict) else value
                name, *index = re.split(r"\[|\]\[?", component["code"]["text"].rstrip("]"))
                if len(index) == 2:
                    sizes = told.setdefault(name, [])
                    sizes.append([]) if int(index[0]) == len(sizes) else None
                    sizes[int(index[0])].append(value)
                elif index:
                    told.setdefault(name, []).append(value)
                else:
                    told[name] = value
            starts = told.pop("evidence_start")
            for start, quote in zip(starts, told["evidence"], strict=True):
                assert TEXTS[key[0]][start:].startswith(quote)
            for name, value in told.items():
                assert findings[key][name] == value, name
            by_person = findings[key]["corrected"] or key[0] == "A-8"
            assert observation["status"] == ("final" if by_person else "preliminary")
    assert seen == set(findings)


def test_people_and_machines_are_told_apart(bundles):
    by_report = {of(r, "DiagnosticReport")[0]["identifier"][0]["value"]: of(r, "Provenance") for r in bundles}
    machine, person = by_report["A-1"]
    assert machine["agent"][0]["who"]["display"].startswith("reportsup rules ")
    assert (person["agent"][0]["who"]["display"], person["reason"][0]["text"]) == ("Dr. K", "measured again")
    assert not {t["reference"] for t in machine["target"]} & {t["reference"] for t in person["target"]}
    (annotation,) = by_report["A-8"]
    assert annotation["agent"][0]["who"]["display"] == "Dr. A"


def test_an_organ_that_is_free_is_absent_with_its_code(bundles):
    resources = next(r for r in bundles if of(r, "DiagnosticReport")[0]["identifier"][0]["value"] == "A-4")
    free = {o["bodySite"]["text"]: o for o in of(resources, "Observation")}
    assert set(free) == {"liver", "spleen", "pancreas"}
    assert free["liver"]["valueCodeableConcept"]["coding"][0]["code"] == "272519000"
    assert free["liver"]["bodySite"]["coding"][0]["code"] == "10200004"
