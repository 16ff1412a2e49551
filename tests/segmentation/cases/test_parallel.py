"""Order of the results, and a process that dies."""

import math
import operator
import os
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest
from reportsup.segmentation.cases.parallel import map_in_processes


@pytest.mark.parametrize("workers", [1, 2])
def test_results_keep_the_order(workers):
    assert list(map_in_processes(math.factorial, [5, 3, 4], workers)) == [120, 6, 24]


def test_a_killed_process_costs_its_own_item():
    jobs = [partial(int, "1"), partial(int, "5"), partial(os._exit, 9), partial(int, "7"), partial(int, "x")]
    found = list(map_in_processes(operator.call, jobs, 2))
    assert [found[i] for i in (0, 1, 3)] == [1, 5, 7]
    assert "killed" in found[2].message
    assert found[4].kind == "ValueError"


@pytest.mark.parametrize("workers", [1, 2])
def test_an_item_that_raises_says_what_and_where(workers):
    good, bad = map_in_processes(math.sqrt, [4, -1], workers)
    assert good == 2
    assert bad.message.startswith("ValueError")
    assert "Traceback" in bad.traceback


def test_an_interruption_is_no_failure():
    with pytest.raises(KeyboardInterrupt):
        list(map_in_processes(_interrupt, [1], 1))


_PARENT = """
import multiprocessing, os, sys, time
from pathlib import Path
from reportsup.segmentation.cases.parallel import map_in_processes
def job(number):
    Path(sys.argv[1], str(os.getpid())).touch()
    time.sleep(60)
if __name__ == "__main__":
    list(map_in_processes(job, [1, 2], 2))
"""


def test_processes_end_with_a_killed_parent(tmp_path):
    (tmp_path / "parent.py").write_text(_PARENT)
    (tmp_path / "started").mkdir()
    parent = subprocess.Popen([sys.executable, tmp_path / "parent.py", tmp_path / "started"], start_new_session=True)
    while len(started := list((tmp_path / "started").iterdir())) < 2:
        time.sleep(0.02)
    parent.kill()
    parent.wait()
    end = time.monotonic() + 50  # less than the jobs would take
    while (left := [path for path in started if _alive(path.name)]) and time.monotonic() < end:
        time.sleep(0.02)
    assert not left


def _alive(pid):
    try:
        return Path("/proc", pid, "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _interrupt(_):
    raise KeyboardInterrupt
