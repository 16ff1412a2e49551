"""Order of the results, and a process that dies."""

import math
import os

import pytest
from reportsup.schemas import DataError
from reportsup.segmentation.cases.parallel import map_in_processes


@pytest.mark.parametrize("workers", [1, 2])
def test_results_keep_the_order(workers):
    assert list(map_in_processes(math.factorial, [5, 3, 4], workers)) == [120, 6, 24]


def test_a_killed_process_is_explained():
    with pytest.raises(DataError, match="one of 2 was killed"):
        list(map_in_processes(os._exit, [9, 9], 2))
