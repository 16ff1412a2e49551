"""Gold files and predictions: what is read, and what is refused with file and line but no text."""

import json

import pytest
from reportsup.pipelines.reading import InputOptions
from reportsup.pipelines.scoring import check_files, problems, read_gold_set, read_predictions
from reportsup.schemas import InputError

TEXT = "LIVER: 2 cm cyst in segment 4. Secretword."
FINDING = {
    "organ": "liver", "laterality": None, "location": ["segment 4"], "type": "cyst", "count": 1, "count_min": 1,
    "sizes_mm": [[20]], "size_bound": "exact", "prior_sizes_mm": [], "certainty": "present", "evidence": ["2 cm cyst"],
}  # fmt: skip
RECORD = {"id": "1", "findings": [FINDING], "negative_organs": ["spleen"]}


def test_reports_beside_the_gold_file_are_found(write):
    path = write("a.gold.jsonl", [RECORD])
    write("a.reports.jsonl", [{"id": "1", "text": TEXT, "source": "house"}])
    gold = read_gold_set([path])
    assert gold.texts == {"1": TEXT}
    assert gold.sources == {"1": "house"}


def test_several_gold_files_and_tables_of_reports_in_any_order(write):
    files = [
        write("r.csv", "accession_number,report\n1,one\n2,two\n"),
        write("b.gold.jsonl", [{"id": 2, "findings": []}]),
        write("annotations.jsonl", [RECORD]),
    ]
    gold = read_gold_set(files)
    assert list(gold.records) == ["2", "1"]
    assert gold.texts == {"1": "one", "2": "two"}
    assert gold.sources == {"1": "annotations", "2": "b"}


def test_columns_that_are_not_recognised_can_be_named(write):
    files = [write("a.gold.jsonl", [RECORD]), write("r.csv", "befund_nr;was\n1;one\n")]
    assert read_gold_set(files, InputOptions(id_column="befund_nr", text_columns=("was",))).texts == {"1": "one"}


def test_predictions_may_lack_fields(write):
    predictions = read_predictions([write("p.jsonl", [{"id": "1", "findings": [{"organ": "liver"}]}])])
    assert predictions.records["1"].findings[0].sizes_mm == ()


def test_marks_of_other_systems_do_not_matter(write):
    """A byte order mark, CRLF, blanks around an id, a line separator inside a quote."""
    line = json.dumps({"id": " 1 ", "findings": [FINDING | {"evidence": ["a\u2028b"]}]}, ensure_ascii=False)
    (record,) = read_gold_set([write("a.gold.jsonl", f"\ufeff{line}\r\n\r\n")]).records.values()
    assert record.id == "1"
    assert record.findings[0].evidence == ("a\u2028b",)


SECRET = {"id": "Secretword", "findings": []}
BAD = {
    "no JSON": ('{"id": "1", "findings": []}\n{"id": "Secretword', "line 2 is no JSON"),
    "no id": ('{"findings": []}', "line 1 has no id"),
    "no findings": ('{"id": "1", "negative_organs": ["Secretword"]}', "line 1 has no findings"),
    "a list": ('\n["Secretword"]', "line 2 cannot be meant"),
    "size of words": (
        json.dumps(SECRET | {"findings": [{"organ": "liver", "sizes_mm": [["Secretword"]]}]}),
        "sizes_mm",
    ),
    "one size as a number": (
        json.dumps(SECRET | {"findings": [{"organ": "x", "sizes_mm": [3]}]}),
        "a list is expected",
    ),
    "empty size": (json.dumps(SECRET | {"findings": [{"organ": "liver", "sizes_mm": [[]]}]}), "findings.0.sizes_mm.0"),
    "twice": (json.dumps(SECRET) + "\n\n" + json.dumps(SECRET), "line 3 has the id of line 1"),
    "unknown organ": (json.dumps(SECRET | {"negative_organs": ["Secretword"]}), "outside of the vocabulary"),
    "empty": ("", "no lines"),
    "not UTF-8": (b'{"id": "1", "findings": []}\n\xff\xfe', "cannot be read"),
}


@pytest.mark.parametrize(("content", "said"), BAD.values(), ids=BAD)
def test_a_malformed_gold_file_is_named_with_its_line_and_without_text(write, content, said):
    with pytest.raises(InputError) as refused:
        read_gold_set([write("a.gold.jsonl", content)])
    message = str(refused.value)
    assert "a.gold.jsonl" in message
    assert said in message
    assert "Secretword" not in message


def test_one_report_annotated_in_two_files_is_refused(write):
    with pytest.raises(InputError, match="line 1 is of the same report as a"):
        read_gold_set([write("a.gold.jsonl", [RECORD]), write("b.gold.jsonl", [RECORD])])


def test_a_report_that_is_not_in_the_tables_is_refused(write):
    reports = write("r.jsonl", [{"id": "2", "text": TEXT}])
    with pytest.raises(InputError, match="line 1 names a report that is not in r"):
        read_gold_set([write("a.gold.jsonl", [RECORD]), reports])


def test_no_gold_file(write):
    with pytest.raises(InputError, match="no gold file"):
        read_gold_set([write("r.jsonl", [{"id": "2", "text": TEXT}])])


def test_a_sound_annotation_has_no_problems():
    assert problems(RECORD, TEXT) == []


FAULTS = {
    "evidence": ({"evidence": ["3 cm cyst"]}, "not verbatim"),
    "no evidence": ({"evidence": []}, "evidence is empty"),
    "organ": ({"organ": "hepar"}, "organ is outside"),
    "type": ({"type": "tumour"}, "type is outside"),
    "side": ({"laterality": "middle"}, "laterality is outside"),
    "certainty": ({"certainty": None}, "certainty is outside"),
    "location": ({"location": ["segment 9"]}, "location is no part"),
    "count": ({"count_min": 0}, "count_min"),
    "counts": ({"count_min": 2}, "below count_min"),
    "bound without a size": ({"sizes_mm": []}, "size_bound"),
    "smallest first": ({"sizes_mm": [[10, 20]]}, "largest first"),
    "too large": ({"prior_sizes_mm": [[501]]}, "outside 0.5 to 500 mm"),
    "negative organ": ({"organ": "spleen", "location": []}, "an organ that has a finding"),
    "unknown field": ({"colour": "red"}, "colour"),
}


@pytest.mark.parametrize(("change", "said"), FAULTS.values(), ids=FAULTS)
def test_faults_of_an_annotation_are_named(change, said):
    (problem,) = problems(RECORD | {"findings": [FINDING | change]}, TEXT)
    assert said in problem


def test_check_names_file_and_line(write):
    path = write("a.gold.jsonl", [RECORD, RECORD | {"id": "2"}])
    write("a.reports.jsonl", [{"id": "1", "text": TEXT}, {"id": "2", "text": "Other words."}])
    assert check_files(read_gold_set([path])) == ["a.gold.jsonl line 2: finding 1: evidence is not verbatim"]
