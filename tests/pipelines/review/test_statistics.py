"""Precision and recall as counted by hand, from the verdicts to what the command prints."""

import csv
import io
import json

import pytest
from reportsup.pipelines.cli import main
from reportsup.pipelines.review.sampling import draw
from reportsup.pipelines.review.statistics import TOGETHER, review_statistics
from reportsup.schemas import InputError
from reportsup.schemas.database import open_database

from .test_recording import TEXTS_CHANGED, WHOLE


def test_figures_by_organ_and_field(archive):
    archive.record(archive.review(archive.page(), WHOLE))
    found = review_statistics(archive.path)
    # Read: a cyst (no lesion), a mass (wrong size and type), a mass (right). Missed: a node.
    assert found.counts == {"no lesion": 1, "wrong fields": 1, "right": 1, "missed": 1}

    def told(*of):
        return {measure: (s.value, s.n) for measure, s in found.of(*of).items()}

    assert told() == {"precision": (pytest.approx(2 / 3), 3), "recall": (pytest.approx(2 / 3), 3)}
    assert told("liver") == {"precision": (pytest.approx(2 / 3), 3), "recall": (1, 2)}
    assert told("lymph_node") == {"recall": (0, 1)}
    assert told("all", "sizes_mm") == {"precision": (0.5, 2), "recall": (0.5, 2)}
    assert told("all", "laterality") == {}  # nobody said one
    assert told("all", "count") == {"precision": (1, 2), "recall": (1, 2)}
    assert told("all", TOGETHER) == {"precision": (0.5, 2)}


def test_another_organ_is_a_miss_there_and_a_false_finding_here(archive):
    said = {"C": {"mass": {"organ": "kidney", "location": []}, "complete": True}}
    archive.record(archive.review(archive.page(), said))
    found = review_statistics(archive.path)
    assert found.of("liver")["precision"].value == found.of("kidney")["recall"].value == 0
    assert "recall" not in found.of("liver")
    assert found.of("all", "organ")["precision"].value == 0


def test_a_value_that_was_not_read_lowers_recall_and_one_too_many_precision(archive):
    said = {"A": {"cyst": {"sizes_mm": []}, "mass": {"laterality": "left"}, "complete": True}}
    archive.record(archive.review(archive.page(), said))
    found = review_statistics(archive.path)
    sizes = found.of("all", "sizes_mm")
    assert (sizes["precision"].value, sizes["precision"].n) == (0.5, 2)
    assert (sizes["recall"].value, sizes["recall"].n) == (1, 1)
    side = found.of("all", "laterality")
    assert "precision" not in side
    assert (side["recall"].value, side["recall"].n) == (0, 1)


def test_sampled_reports_are_weighted_by_their_strata(archive):
    archive.read({f"n{i:02}": f"A {i + 1} mm cyst in segment 4." for i in range(20)})
    with open_database(archive.path, read_only=True) as connection:
        drawn = draw(connection, 10, 3, ["size"])
    page = archive.page([r.report_id for r in drawn.reports], sample=drawn)
    sizes = {r.report_id: r.stratum for r in drawn.reports}
    said = {
        i: {"complete": True, "cyst": "accept" if s == "up to 10 mm" else "reject", "mass": "reject"}
        for i, s in sizes.items()
    }
    archive.record(archive.review(page, said))
    found = review_statistics(archive.path)
    right = total = 0
    for stratum, size in {(r.stratum, r.stratum_size) for r in drawn.reports}:
        inside = [i for i, s in sizes.items() if s == stratum]
        n = archive.sql("SELECT count(*) FROM findings WHERE list_contains(?, report_id)", inside)[0][0]
        ok = archive.sql("SELECT count(*) FROM v_findings WHERE list_contains(?, report_id)", inside)[0][0]
        right += ok * size / len(inside)
        total += n * size / len(inside)
    assert found.of()["precision"].value == pytest.approx(right / total)
    assert 0 < right < total
    assert (found.reports, found.drawn, found.in_population) == (10, 10, 23)
    assert found.sample["seed"] == 3


def test_reports_that_were_read_anew_or_left_open_do_not_count(archive):
    archive.record(archive.review(archive.page(), WHOLE | {"B": {"complete": False}}))
    archive.read(TEXTS_CHANGED)
    found = review_statistics(archive.path)
    assert (found.reports, found.read_anew) == (1, 1)
    assert found.counts == {"no lesion": 1, "wrong fields": 1, "missed": 1}


def test_without_a_review_it_says_what_to_do(archive):
    with pytest.raises(InputError, match="No report is reviewed to the end"):
        review_statistics(archive.path)


def test_the_command_tells_them_as_tables_csv_and_json(archive, capsys):
    archive.record(archive.review(archive.page(), WHOLE))

    def told(*options):
        with pytest.raises(SystemExit, match="0"):
            main(["audit", "--review", "--db", str(archive.path), *options])
        return capsys.readouterr()

    shown = told().out
    assert "3 reports reviewed to the end by Dr. K." in shown
    assert "no random sample" in shown
    assert max(map(len, shown.splitlines())) <= 80
    rows = json.loads(told("--json").out)
    precision = next(r for r in rows if (r["organ"], r["field"], r["measure"]) == ("all", "found", "precision"))
    assert precision["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert precision["low"] < 0.3 < 0.9 < precision["high"]
    assert len(list(csv.DictReader(io.StringIO(told("--csv").out)))) == len(rows)
