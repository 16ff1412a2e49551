import errno

from reportsup.schemas.system_errors import disk_is_full, system_error


def test_a_full_disk_is_told_apart_from_a_place_that_cannot_be_written():
    full = system_error(OSError(errno.ENOSPC, "No space left on device", "/data/last.pt"))
    assert full.startswith("/data/last.pt: the disk is full")
    assert "run the same command again" in full
    assert "the disk is full" not in system_error(OSError(errno.EROFS, "Read-only file system", "/data/last.pt"))


def test_a_full_disk_behind_an_error_of_a_library_is_found():
    of_torch = RuntimeError("unexpected pos")
    of_torch.__context__ = OSError(errno.ENOSPC, "No space left on device")
    assert disk_is_full(of_torch)
    assert not disk_is_full(RuntimeError())
