import pytest
from reportsup.schemas import DatabaseError
from reportsup.schemas.alone import alone


def test_a_folder_that_takes_no_note_is_named(tmp_path):
    (tmp_path / "file").touch()
    note = tmp_path / "file" / "note"
    with pytest.raises(DatabaseError, match="cannot be written"), alone(note, DatabaseError, DatabaseError):
        pass


def test_the_second_is_told_who_holds_it_and_a_third_may_later(tmp_path):
    note = tmp_path / "note"
    with alone(note, DatabaseError, DatabaseError):
        second = alone(note, DatabaseError, DatabaseError)
        with pytest.raises(DatabaseError, match=r"process \d+ since"):
            second.__enter__()
    with alone(note, DatabaseError, DatabaseError):
        pass
