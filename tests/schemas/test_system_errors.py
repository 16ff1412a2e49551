import errno

import pytest
from reportsup.pipelines.cli import _run
from reportsup.schemas.system_errors import full_disk_behind, system_error


def test_a_full_disk_is_told_apart_from_a_place_that_cannot_be_written():
    full = system_error(OSError(errno.ENOSPC, "No space left on device", "/data/last.pt"))
    assert full.startswith("/data/last.pt: the disk is full")
    assert "run the same command again" in full
    assert "the disk is full" not in system_error(OSError(errno.EROFS, "Read-only file system", "/data/last.pt"))


def test_a_full_disk_behind_an_error_of_a_library_is_found():
    of_torch = RuntimeError("unexpected pos")
    of_torch.__context__ = OSError(errno.ENOSPC, "No space left on device")
    assert full_disk_behind(of_torch) is of_torch.__context__
    assert full_disk_behind(RuntimeError()) is None


def test_the_command_line_calls_a_full_disk_by_its_name_whatever_a_library_says(capsys):
    def saving(*arguments, **options):
        try:
            raise OSError(errno.ENOSPC, "No space left on device", "last.pt")
        except OSError:
            raise RuntimeError("unexpected pos 768 vs 662") from None

    with pytest.raises(SystemExit) as ended:
        _run(saving, [], debug=False)
    assert ended.value.code == 1
    assert capsys.readouterr().err.startswith("reportsup: last.pt: the disk is full")
