"""Counts of the audit views are remembered, and never outlive a change of the database."""

from reportsup.pipelines import audit_counts, auditing
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.extraction import RunOptions, run_extraction
from reportsup.pipelines.reading import InputOptions, open_sources


def extract(path, database):
    run_extraction(open_sources([path], InputOptions()), database, ExtractorSpec(), RunOptions())


def rejected(database):
    return {name: n for name, n, _ in auditing.overview(database).rows}["audit_rejected_rows"]


def test_counts_are_of_the_database_as_it_is(write, tmp_path, monkeypatch):
    database = tmp_path / "d.duckdb"
    extract(write("r.csv", "id,text\n1,Liver cyst of 2 cm.\n2,\n"), database)
    assert rejected(database) == 1
    counted = []
    monkeypatch.setattr(audit_counts, "_count", lambda connection, view: counted.append(view) or 7)
    assert rejected(database) == 1
    assert counted == []
    extract(write("s.csv", "id,text\n3,\n4,\n"), database)
    assert rejected(database) == 7
    monkeypatch.undo()
    (tmp_path / ".d.duckdb.audit.json").write_text("{broken")
    assert rejected(database) == 3
    assert sorted(p.name for p in tmp_path.glob(".d.duckdb.audit*")) == [".d.duckdb.audit.json"]


def test_where_nothing_can_be_noted_the_views_are_counted(write, tmp_path, monkeypatch):
    database = tmp_path / "d.duckdb"
    extract(write("r.csv", "id,text\n1,Liver cyst of 2 cm.\n2,\n"), database)

    def refused(*_):
        raise PermissionError

    monkeypatch.setattr(audit_counts, "write_text", refused)
    assert rejected(database) == 1
