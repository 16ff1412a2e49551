import pytest
from reportsup.pipelines.exporting import atomic


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
