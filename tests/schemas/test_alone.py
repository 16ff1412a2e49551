import pytest
from reportsup.schemas import DatabaseError
from reportsup.schemas.alone import alone


def test_a_folder_that_takes_no_note_is_named(tmp_path):
    with (
        pytest.raises(DatabaseError, match="No such file"),
        alone(tmp_path / "a" / "b" / "note", DatabaseError, DatabaseError),
    ):
        pass


def test_the_second_is_told_who_holds_it(tmp_path):
    note = tmp_path / "note"
    with alone(note, DatabaseError, DatabaseError), pytest.raises(DatabaseError, match="process [0-9]+ since"):
        with alone(note, DatabaseError, DatabaseError):
            pass
    with alone(note, DatabaseError, DatabaseError):
        pass
