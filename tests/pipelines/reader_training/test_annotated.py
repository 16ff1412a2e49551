"""Gold files as training data: texts beside them or in a database, quotes that must stand in them."""

import pytest
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.extraction import run_extraction
from reportsup.pipelines.reader_training import annotated_sets
from reportsup.pipelines.reading import InputOptions, open_sources
from reportsup.schemas import InputError

TEXT = "LIVER: 2 cm cyst in segment 4. Another cyst, 5 mm."


def record(quote="2 cm cyst in segment 4", **more):
    finding = {"organ": "liver", "type": "cyst", "sizes_mm": [[20]], "evidence": [quote], **more}
    return {"id": "secret-7", "findings": [finding], "negative_organs": ["spleen"]}


def test_a_set_is_a_file_with_the_reports_beside_it(write):
    write("b.reports.jsonl", [{"id": "x", "text": "Spleen normal."}])
    second = write("b.gold.jsonl", [{"id": "x", "findings": [], "negative_organs": ["spleen"]}])
    write("a.reports.jsonl", [{"id": "secret-7", "text": TEXT}])
    first = write("a.gold.jsonl", [record()])
    sets = annotated_sets([second, first])
    assert [(s.name, s.counts["findings"], s.counts["negative_organs"]) for s in sets] == [("a", 1, 1), ("b", 0, 1)]


def test_fields_that_are_not_said_get_the_contract_s_defaults(write):
    write("a.reports.jsonl", [{"id": "secret-7", "text": TEXT}])
    ((report,),) = [s.reports for s in annotated_sets([write("a.gold.jsonl", [record()])])]
    (finding,) = report.gold.findings
    assert (finding["count_min"], finding["certainty"], finding["laterality"]) == (1, "present", None)


def test_a_quote_counts_wherever_it_stands_unless_the_file_says_where(write):
    write("a.reports.jsonl", [{"id": "secret-7", "text": TEXT}])
    gold = write("a.gold.jsonl", [record("cyst")])
    assert annotated_sets([gold])[0].reports[0].gold.spans == [[(12, 16), (39, 43)]]
    gold = write("a.gold.jsonl", [record("cyst", spans=[[39, 43]])])
    assert annotated_sets([gold])[0].reports[0].gold.spans == [[(39, 43)]]


def test_texts_may_come_from_a_database(write, tmp_path):
    reports = write("r.jsonl", [{"id": "secret-7", "text": TEXT}])
    run_extraction(open_sources([reports], InputOptions()), tmp_path / "db", ExtractorSpec("rules", {}))
    gold = write("a.gold.jsonl", [record()])
    assert annotated_sets([gold], tmp_path / "db")[0].reports[0].text == TEXT


@pytest.mark.parametrize(
    ("second", "fault"),
    [
        (record("3 cm mass"), "a quote is not in the report"),
        (record(type="blob"), "lesion_type"),
        (record(sizes_mm=[[9000]]), "9000|500"),
    ],
)
def test_what_is_no_annotation_of_its_report_is_told_by_file_and_line(write, second, fault):
    reports = [{"id": "x", "text": "Spleen normal."}, {"id": "secret-7", "text": TEXT}]
    write("a.reports.jsonl", reports)
    gold = write("a.gold.jsonl", [{"id": "x", "findings": [], "negative_organs": []}, second])
    with pytest.raises(InputError, match=rf"a\.gold\.jsonl line 2.*({fault})") as raised:
        annotated_sets([gold])
    assert "secret-7" not in str(raised.value)
    assert "cyst in segment" not in str(raised.value)


def test_an_annotation_without_its_text_is_told(write):
    with pytest.raises(InputError, match=r"a\.gold\.jsonl line 1 annotates a report whose text is not there"):
        annotated_sets([write("a.gold.jsonl", [record()])])
