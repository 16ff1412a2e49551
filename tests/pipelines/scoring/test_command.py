"""`reportsup score` as a user types it."""

import json

import pytest
from reportsup.pipelines.cli import main

REPORTS = [
    {"id": f"r{i}", "text": text, "source": "house"}
    for i, text in enumerate(["LIVER: 2 cm cyst in segment 4.", "Left adrenal nodule of 12 mm.", "KIDNEYS: No mass."])
]


def gold_of(report_id, organ, size, side=None, place=(), kind="unspecified", quote=""):
    finding = {
        "organ": organ, "laterality": side, "location": list(place), "type": kind, "count": 1, "count_min": 1,
        "sizes_mm": [[size]], "size_bound": "exact", "prior_sizes_mm": [], "certainty": "present", "evidence": [quote],
    }  # fmt: skip
    return {"id": report_id, "findings": [finding], "negative_organs": []}


GOLD = [
    gold_of("r0", "liver", 20, place=["segment 4"], kind="cyst", quote="2 cm cyst in segment 4"),
    gold_of("r1", "adrenal_gland", 12, side="left", quote="Left adrenal nodule of 12 mm"),
    {"id": "r2", "findings": [], "negative_organs": ["kidney"]},
]


@pytest.fixture
def run(capfd, monkeypatch, tmp_path, write):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    write("a.reports.jsonl", REPORTS)
    write("a.gold.jsonl", GOLD)

    def call(*arguments):
        with pytest.raises(SystemExit) as ended:
            main([str(a) for a in arguments])
        printed = capfd.readouterr()
        return ended.value.code or 0, printed.out, printed.err

    return call


@pytest.fixture
def extracted(run):
    assert run("extract", "a.reports.jsonl", "--workers", "1")[0] == 0
    return run


def test_a_run_is_scored_and_named(extracted):
    code, out, err = extracted("score", "a.gold.jsonl", "--json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found["reports"] == 3
    assert found["predicted"].startswith("rules ")
    assert found["figures"]["joint.f1"] == {"value": 1.0, "lo": None, "hi": None, "n": 4}
    assert found["figures"]["negatives.recall"]["value"] == 1.0
    assert found["figures"]["evidence_verbatim"]["value"] == 1.0
    assert list(found["by_source"]) == ["house"]


def test_what_a_run_says_equals_its_export(extracted, write):
    by_run = json.loads(extracted("score", "a.gold.jsonl", "--json")[1])
    assert extracted("export", "out.jsonl", "--format", "gold")[0] == 0
    by_file = json.loads(extracted("score", "a.gold.jsonl", "--predicted", "out.jsonl", "--json")[1])
    assert by_run["figures"] == by_file["figures"]
    assert by_run["by_organ"] == by_file["by_organ"]


def test_readers_annotations_in_the_database_do_not_stand_in_for_the_machine(extracted, write):
    annotations = write("mine.jsonl", [{"id": "r0", "findings": [], "negative_organs": ["liver"]}])
    assert extracted("import", annotations, "--reader", "me")[0] == 0
    assert json.loads(extracted("score", "a.gold.jsonl", "--json")[1])["figures"]["target.recall"]["value"] == 1.0
    of_reader = json.loads(extracted("score", "a.gold.jsonl", "--run", "reader", "--json")[1])
    assert of_reader["figures"]["target.recall"]["value"] == 0.0
    assert "2 of 3 reports have no prediction" in of_reader["notes"][0]


def test_organs_of_another_vocabulary_are_told(run, write):
    write("p.jsonl", [gold_of("r0", "Secretword", 20), *GOLD[1:]])
    _, _, err = run("score", "a.gold.jsonl", "--predicted", "p.jsonl")
    assert "1 predicted findings name organs outside of schemas/anatomy.toml" in err
    assert "Secretword" not in err


def test_tables_of_organs_fields_and_sources(extracted):
    plain = extracted("score", "a.gold.jsonl")[1]
    assert "adrenal_gland" not in plain
    out = extracted("score", "a.gold.jsonl", "--by", "organ", "--by", "field", "--by", "source")[1]
    for shown in ("adrenal_gland", "laterality", "house"):
        assert shown in out


def test_errors_are_shown_only_when_asked(extracted, write):
    write("a.gold.jsonl", [gold_of("r0", "liver", 33), *GOLD[1:]])
    assert "missed" not in extracted("score", "a.gold.jsonl")[1]
    out = extracted("score", "a.gold.jsonl", "--errors", "2")[1]
    shown = [json.loads(line) for line in out.splitlines()[-2:]]
    assert [difference["difference"] for difference in shown] == ["missed", "spurious"]
    assert shown[0]["gold"]["sizes_mm"] == [[33]]


def test_check_alone_needs_no_database(run, write):
    assert run("score", "a.gold.jsonl", "--check") == (0, "3 reports checked, 0 problems\n", "")
    write("a.gold.jsonl", [gold_of("r0", "liver", 20, quote="another text"), *GOLD[1:]])
    code, out, _ = run("score", "a.gold.jsonl", "--check")
    assert code == 1
    assert "a.gold.jsonl line 1: finding 1: evidence is not verbatim" in out


def refusals():
    yield "no database", ("score", "a.gold.jsonl"), 1, "reportsup extract a.reports.jsonl --db reportsup.duckdb"
    yield "no file", ("score", "b.gold.jsonl"), 1, "b.gold.jsonl is not there"
    yield "no predictions", ("score", "a.gold.jsonl", "--predicted", "none.jsonl"), 1, "none.jsonl is not there"
    yield "both", ("score", "a.gold.jsonl", "--predicted", "a.gold.jsonl", "--run", "rules"), 2, "exclude each other"
    yield "other ids", ("score", "a.gold.jsonl", "--predicted", "other.jsonl"), 1, "none of the 3 annotated reports"


@pytest.mark.parametrize(("arguments", "code", "said"), [r[1:] for r in refusals()], ids=[r[0] for r in refusals()])
def test_refusals_say_what_to_do(run, write, arguments, code, said):
    write("other.jsonl", [{"id": "Secretword", "findings": []}])
    ended, out, err = run(*arguments)
    assert ended == code
    assert said in " ".join(err.replace("│", "").split())
    assert "Secretword" not in out + err
    assert "Traceback" not in err


def test_a_database_of_other_reports_says_what_to_extract(extracted, write):
    write("b.reports.jsonl", [{"id": "x", "text": "Liver cyst."}])
    write("b.gold.jsonl", [{"id": "x", "findings": []}])
    code, _, err = extracted("score", "b.gold.jsonl")
    assert code == 1
    assert "reportsup extract b.reports.jsonl" in err
    code, _, err = extracted("score", "b.gold.jsonl", "--run", "rules")
    assert code == 1
    assert "has read none" in err


def test_the_same_id_with_another_text_is_refused(extracted, write):
    write("a.reports.jsonl", [REPORTS[0] | {"text": "Another hospital's report r0."}, *REPORTS[1:]])
    code, _, err = extracted("score", "a.gold.jsonl")
    assert code == 1
    assert "1 of 3 reports were read in reportsup.duckdb from another text" in err
