import errno

import pytest
from reportsup.schemas.system_errors import disk_is_full, system_error


def test_a_full_disk_is_told_apart_from_a_place_that_cannot_be_written():
    full = system_error(OSError(errno.ENOSPC, "No space left on device", "/data/last.pt"))
    assert full.startswith("/data/last.pt: the disk is full")
    assert "run the same command again" in full
    assert "the disk is full" not in system_error(OSError(errno.EROFS, "Read-only file system", "/data/last.pt"))


def test_a_full_disk_behind_an_error_of_a_library_is_found():
    with pytest.raises(RuntimeError) as caught:
        try:
            raise OSError(errno.ENOSPC, "No space left on device")
        except OSError:
            raise RuntimeError("unexpected pos") from None
    assert disk_is_full(caught.value)
    assert not disk_is_full(RuntimeError())
