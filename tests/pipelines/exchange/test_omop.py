"""NOTE and NOTE_NLP of OMOP CDM 5.4."""

import json
from datetime import date

import duckdb
import pytest
from reportsup.pipelines.exchange.omop import modifiers_text
from reportsup.pipelines.exporting import export

# Name, type and whether required, of the specification of CDM 5.4.
NOTE = (
    "note_id integer*, person_id integer*, note_date date*, note_datetime timestamp, note_type_concept_id integer*, "
    "note_class_concept_id integer*, note_title varchar, note_text varchar*, encoding_concept_id integer*, "
    "language_concept_id integer*, provider_id integer, visit_occurrence_id integer, visit_detail_id integer, "
    "note_source_value varchar, note_event_id integer, note_event_field_concept_id integer"
)
NOTE_NLP = (
    "note_nlp_id integer*, note_id integer*, section_concept_id integer, snippet varchar, offset varchar, "
    "lexical_variant varchar*, note_nlp_concept_id integer, note_nlp_source_concept_id integer, nlp_system varchar, "
    "nlp_date date*, nlp_datetime timestamp, term_exists varchar, term_temporal varchar, term_modifiers varchar"
)


@pytest.fixture
def exported(database, tmp_path):
    notes = export(database, tmp_path / "omop.duckdb", "omop")
    with duckdb.connect(str(tmp_path / "omop.duckdb"), read_only=True) as connection:
        yield connection, notes


@pytest.mark.parametrize(("table", "columns"), [("note", NOTE), ("note_nlp", NOTE_NLP)])
def test_columns_types_and_what_is_required(exported, table, columns):
    rows = exported[0].execute(
        "SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE table_name = ? ORDER BY column_index",
        [table],
    )
    shown = [f"{name} {kind.lower()}{'' if nullable else '*'}" for name, kind, nullable in rows.fetchall()]
    assert shown == columns.split(", ")


def test_a_text_longer_than_omop_allows_is_refused(exported, tmp_path):
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        from importlib.resources import files

        connection.execute((files("reportsup.pipelines.exchange") / "omop_cdm_5_4.sql").read_text())
        with pytest.raises(duckdb.ConstraintException, match="CHECK"):
            connection.execute(
                "INSERT INTO note SELECT 1, 1, '2021-01-01', NULL, 0, 0, NULL, 't', 0, 0, NULL, NULL, NULL, "
                "repeat('x', 51), NULL, NULL"
            )


def test_reports_become_notes_of_persons_and_the_others_are_counted(exported):
    connection, notes = exported
    rows = connection.execute(
        "SELECT note_source_value, person_id, note_date, report_id "
        "FROM note JOIN reportsup_note USING (note_id) ORDER BY 1"
    ).fetchall()
    assert rows == [
        (name, person, day, name)
        for name, person, day in (
            ("A-1", 11, date(2021, 3, 4)),
            ("A-2", 11, date(2022, 3, 4)),
            ("A-3", 12, date(2021, 5, 6)),
            ("A-4", 12, date(2021, 7, 8)),
            ("A-8", 13, date(2021, 10, 10)),
        )
    ]
    assert notes[:2] == [
        "1 reports without a patient id: NOTE needs it",
        "1 reports without a date that can be read: NOTE needs it",
    ]
    assert "unreadable 1" in notes[2]


def test_every_field_of_a_finding_comes_back(exported, findings):
    rows = exported[0].execute(
        'SELECT note_source_value, "offset", lexical_variant, term_modifiers, note_text FROM note_nlp JOIN note USING '
        "(note_id)"
    )
    told = {}
    for report_id, offset, word, modifiers, text in rows.fetchall():
        assert text[int(offset) :].startswith(word)
        fields = {name: json.loads(value) for name, value in (entry.split("=", 1) for entry in modifiers.split(";"))}
        told[report_id, fields["finding_id"]] = fields
    assert set(told) == {key for key in findings if key[0] not in ("A-5", "A-6")}
    for key, fields in told.items():
        for name, value in fields.items():
            assert findings[key][name] == value, name
        left_out = {name for name in ("laterality", "location", "sizes_mm", "count") if name not in fields}
        assert all(findings[key][name] in (None, []) for name in left_out)


def test_modifiers_that_do_not_fit_go_whole():
    finding = {"organ": "liver", "sizes_mm": [[1.0]] * 280, "section": "body", "type_text": "x" * 400}
    text = modifiers_text(finding)
    assert len(text) <= 2000
    assert text.endswith('section="body"')


def test_patients_that_are_no_numbers_are_numbered(database, tmp_path):
    from reportsup.schemas.database import open_database

    with open_database(database) as connection:
        connection.execute("UPDATE reports SET patient_id = 'P' || patient_id")
    export(database, tmp_path / "o.duckdb", "omop")
    with duckdb.connect(str(tmp_path / "o.duckdb"), read_only=True) as connection:
        persons = connection.execute("FROM reportsup_person ORDER BY 1").fetchall()
    assert persons == [(1, "P11"), (2, "P12"), (3, "P13")]
