"""Which sets are left out together."""

from types import SimpleNamespace

import pytest
from reportsup.pipelines.reader_training import left_out_together
from reportsup.schemas import ConfigError

SETS = [SimpleNamespace(name=name) for name in "abcde"]


def names(parts):
    return {name: "".join(s.name for s in sets) for name, sets in left_out_together(SETS, parts).items()}


def test_each_set_alone_or_dealt_into_parts():
    assert names(None) == {name: name for name in "abcde"}
    assert names(2) == {"part_1_of_2": "ace", "part_2_of_2": "bd"}


@pytest.mark.parametrize("parts", [1, 6])
def test_a_number_of_parts_that_leaves_nothing_is_told(parts):
    with pytest.raises(ConfigError, match=f"5 sets of annotated reports in {parts} parts"):
        left_out_together(SETS, parts)
