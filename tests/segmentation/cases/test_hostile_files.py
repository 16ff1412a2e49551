"""Files that claim more than they hold, or are nested to end the program."""

import gzip
import tracemalloc

import nibabel as nib
import numpy as np
import pytest
from reportsup.schemas import ConfigError, InputError
from reportsup.segmentation.cases import read_layout
from reportsup.segmentation.cases.checks import check_case
from reportsup.segmentation.cases.ct_checks import check_ct
from reportsup.segmentation.cases.records import CaseFiles
from reportsup.segmentation.training.config import load_config


def claiming(path, shape, zeros=1000):
    header = nib.Nifti1Image(np.zeros((2, 2, 2), np.int16), np.eye(4)).header.copy()
    header["dim"][1:4], header["vox_offset"], header["magic"] = shape, 352, b"n+1"
    path.write_bytes(gzip.compress(header.binaryblock + bytes(4 + zeros)))
    return path


def test_a_header_that_claims_what_the_file_cannot_hold_takes_no_memory(tmp_path):
    path = claiming(tmp_path / "ct.nii.gz", (2000, 2000, 2000))  # 16 GB
    tracemalloc.start()
    _, problems = check_ct("c", path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [problem.problem for problem in problems] == ["damaged file"]
    assert peak < 50 << 20


def test_a_file_that_unpacks_to_more_than_its_header_says_is_read_as_far_as_that(tmp_path):
    path = claiming(tmp_path / "ct.nii.gz", (20, 20, 20), zeros=64 << 20)
    tracemalloc.start()
    check_ct("c", path)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 50 << 20


DEEP = "[" * 100_000


@pytest.mark.parametrize("content", [DEEP, '{"labels": ' + DEEP, '{"a":' * 100_000])
def test_a_deeply_nested_description_is_refused(tmp_path, content):
    (tmp_path / "dataset.json").write_text(content)
    with pytest.raises(InputError):
        read_layout(tmp_path)


@pytest.mark.parametrize("content", ["[train]\norgans = " + DEEP, "[train]\nbatch_size = " + "9" * 5000])
def test_a_deeply_nested_configuration_is_refused(tmp_path, content):
    (tmp_path / "t.toml").write_text(content)
    with pytest.raises(ConfigError):
        load_config(tmp_path / "t.toml")


@pytest.mark.parametrize("name", ["../x", "..", "/etc/x", "a/b", "a\\b", "a\0b", "", ".hidden", "a\nb", "-rf\x1b[2J"])
def test_a_case_id_that_is_no_file_name_is_set_aside(tmp_path, name):
    checked = check_case(CaseFiles(name, claiming(tmp_path / "ct.nii.gz", (4, 4, 4))))
    assert "case id" in {problem.problem for problem in checked.problems if problem.fatal}
