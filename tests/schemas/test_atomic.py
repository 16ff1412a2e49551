import subprocess
import sys

import pytest
from reportsup.schemas.atomic import atomic, atomic_folder, remove_partial_files, remove_partial_folders


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


def test_a_folder_is_replaced_only_when_all_of_it_is_written(tmp_path):
    out = tmp_path / "case"
    for text in ("before", "after"):
        with atomic_folder(out, "mark") as temporary:
            (temporary / "mark").write_text(text)
            (temporary / text).touch()
            remove_partial_folders(tmp_path)  # another process: this folder is being filled
    assert sorted(path.name for path in out.iterdir()) == ["after", "mark"]
    with pytest.raises(ZeroDivisionError), atomic_folder(out, "mark"):
        raise ZeroDivisionError
    assert [path.name for path in tmp_path.iterdir()] == ["case"]
    assert (out / "mark").read_text() == "after"


_KILLED = """
import os, sys
from pathlib import Path
from reportsup.schemas import atomic
atomic.shutil.rmtree = lambda *a, **k: os._exit(9)  # killed before the old folder is gone
with atomic.atomic_folder(Path(sys.argv[1]), "mark") as temporary:
    (temporary / "mark").write_text("new")
"""


def test_an_old_folder_that_is_half_removed_is_not_taken_for_whole(tmp_path):
    out = tmp_path / "case"
    with atomic_folder(out, "mark") as temporary:
        (temporary / "mark").write_text("old")
        (temporary / "volume").touch()
    assert subprocess.run([sys.executable, "-c", _KILLED, out], check=False).returncode == 9
    assert [path.name for path in out.iterdir()] == ["volume"]


def test_what_a_killed_writer_left_of_a_folder_is_removed(tmp_path):
    script = "import os, sys; from pathlib import Path; from reportsup.schemas.atomic import atomic_folder\n"
    script += "with atomic_folder(Path(sys.argv[1]), 'mark'): os._exit(9)"
    subprocess.run([sys.executable, "-c", script, tmp_path / "case"], check=False)
    assert len(list(tmp_path.iterdir())) == 1
    remove_partial_folders(tmp_path)
    assert list(tmp_path.iterdir()) == []
