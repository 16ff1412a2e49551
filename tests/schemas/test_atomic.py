import pytest
from reportsup.schemas.atomic import atomic, remove_partial_files


def _fail_half_way(out):
    with atomic(out) as temporary:
        temporary.write_text("half of it")
        raise RuntimeError


def test_a_file_is_replaced_only_when_all_of_it_is_written(tmp_path):
    out = tmp_path / "out.csv"
    out.write_text("before")
    with pytest.raises(RuntimeError):
        _fail_half_way(out)
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text() == "before"
    with atomic(out) as temporary:
        temporary.write_text("after")
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]
    assert out.read_text() == "after"


def test_what_a_killed_writer_left_behind_is_removed(tmp_path):
    (tmp_path / "last.pt").write_text("whole")
    with atomic(tmp_path / "gone") as temporary:
        left_behind = temporary.name
    (tmp_path / left_behind).write_text("half")
    (tmp_path / "gone").unlink()
    (tmp_path / ".case.part").mkdir()
    remove_partial_files(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == [".case.part", "last.pt"]
