"""Label Studio: tasks with predictions out, annotations back in."""

import copy
import json
import xml.etree.ElementTree as ET

import pytest
from reportsup.pipelines.exporting import export
from reportsup.pipelines.importing import import_label_studio
from reportsup.schemas import InputError, Organ
from reportsup.schemas.database import open_database

COLUMNS = (
    "report_id, organ, laterality, location, lesion_type, type_text, certainty, count, count_min, sizes_mm, "
    "size_bound, prior_sizes_mm, attenuation, image_reference, section, evidence, finding_id"
)


def shown(database):
    with open_database(database, read_only=True) as connection:
        return connection.execute(f"SELECT {COLUMNS} FROM v_findings ORDER BY ALL").fetchall()


@pytest.fixture
def annotate(database, tmp_path):
    """Tasks as Label Studio exports them after every prediction was accepted; `change` edits the results of one."""
    export(database, tmp_path / "tasks.json", "label-studio")
    tasks = json.loads((tmp_path / "tasks.json").read_text())

    def run(change=None, report="A-2", more=()):
        done = copy.deepcopy(tasks)
        for task in done:
            results = task["predictions"][0]["result"]
            if change and task["data"]["report_id"] == report:
                results = change(results)
            task["annotations"] = [{"result": results, "updated_at": "2026-01-02"}, *more]
        path = tmp_path / "annotated.json"
        path.write_text(json.dumps(done))
        return import_label_studio(database, path, "Dr. L")

    return run


def test_accepted_predictions_come_back_as_they_were(database, annotate):
    before = shown(database)
    summary = annotate()
    assert summary.problems == []
    assert shown(database) == before
    with open_database(database, read_only=True) as connection:
        negatives = connection.execute(
            "SELECT organ FROM v_organ_status WHERE report_id = 'A-4' AND status = 'negative'"
        )
        assert sorted(negatives.fetchall()) == [("liver",), ("pancreas",), ("spleen",)]
        readers = connection.execute("SELECT DISTINCT by_reader FROM v_extractions WHERE report_id <> 'A-7'").fetchall()
    assert readers == [(True,)]


def test_several_quotes_are_one_finding_by_their_relation(database, tmp_path):
    export(database, tmp_path / "tasks.json", "label-studio")
    tasks = {t["data"]["report_id"]: t for t in json.loads((tmp_path / "tasks.json").read_text())}
    results = tasks["A-3"]["predictions"][0]["result"]
    labels = [r for r in results if r["type"] == "labels"]
    relations = [r for r in results if r["type"] == "relation"]
    assert len(labels) == len(relations) + 1 >= 2
    for label in labels:
        value = label["value"]
        assert tasks["A-3"]["data"]["text"][value["start"] : value["end"]] == value["text"]


def with_value(name, **value):
    def change(results):
        found = [r for r in results if r.get("from_name") == name]
        assert found
        for result in found:
            result["value"] |= value
        return results

    return change


def test_what_a_person_changes_counts(database, annotate):
    annotate(with_value("sizes_mm", text=["2,5 x 1.4 mm; 8"]))
    sizes = [row[9] for row in shown(database) if row[0] == "A-2"]
    assert sizes == [[[2.5, 1.4], [8.0]]]
    annotate(with_value("label", labels=["adrenal_gland"]), report="A-8")
    assert [row[1] for row in shown(database) if row[0] == "A-8"] == ["adrenal_gland"]


def test_a_new_region_is_a_new_finding(database, annotate):
    def add(results):
        text = "LIVER"
        value = {"start": 90, "end": 95, "text": text, "labels": ["liver"]}
        return [*results, {"id": "aB3xY", "from_name": "label", "to_name": "text", "type": "labels", "value": value}]

    annotate(add)
    assert ("liver", ["LIVER"]) in [(row[1], row[15]) for row in shown(database) if row[0] == "A-2"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (with_value("sizes_mm", text=["two"]), "finding 1"),
        (with_value("sizes_mm", text=["1 x 2 x 3 x 4"]), "finding 1"),
        (with_value("label", labels=["hart"]), "organ"),
        (with_value("label", labels=["liver", "kidney"]), "organ"),
        (with_value("label", text="no such words", start=0, end=3), "a quote is not in the report"),
        (with_value("count", number=0), "count"),
    ],
)
def test_a_task_that_cannot_be_read_changes_nothing_and_says_why(database, annotate, change, reason):
    before = [row for row in shown(database) if row[0] == "A-2"]
    ((number, said),) = annotate(change).problems
    assert number == 2
    assert reason in said
    assert [row for row in shown(database) if row[0] == "A-2"] == before


def test_the_latest_annotation_counts_and_cancelled_ones_do_not(database, annotate):
    empty = {"result": []}
    annotate(more=[{**empty, "updated_at": "2026-01-01"}, {**empty, "updated_at": "2026-01-09", "was_cancelled": True}])
    assert [row for row in shown(database) if row[0] == "A-2"]
    annotate(more=[{**empty, "updated_at": "2026-01-09"}])
    assert [row for row in shown(database) if row[0] == "A-2"] == []


@pytest.mark.parametrize("content", ["{}", "[1]", '[{"id": 1, "text": "x", "label": []}]', "no json", ""])
def test_another_file_is_refused(database, tmp_path, content):
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(InputError, match="Nothing was imported"):
        import_label_studio(database, tmp_path / "x.json", "Dr. L")


def test_the_interface_has_every_organ_and_control(database, tmp_path):
    export(database, tmp_path / "i.xml", "label-studio-interface")
    root = ET.fromstring((tmp_path / "i.xml").read_text())
    assert [e.get("value") for e in root.iter("Label")] == [str(o) for o in Organ]
    export(database, tmp_path / "tasks.json", "label-studio")
    used = {
        r["from_name"] for t in json.loads((tmp_path / "tasks.json").read_text())
        for r in t["predictions"][0]["result"] if "from_name" in r
    }  # fmt: skip
    assert used <= {e.get("name") for e in root.iter() if e.get("name")}
    choices = {e.get("name"): [c.get("value") for c in e] for e in root.iter("Choices")}
    assert "metastasis" in choices["lesion_type"]
