"""The next step of a problem fits what the file really is, and is told once for a whole folder."""

import gzip
import subprocess

import numpy as np
import pytest
from reportsup.schemas import DataError
from reportsup.segmentation.cases import examine, read_layout
from reportsup.segmentation.cases.volumes import open_volume


def problems_of(root):
    return [(p.problem, p.observed, p.next_step) for p in examine(read_layout(root)).problems]


@pytest.mark.parametrize(
    ("change", "next_step"),
    [
        (gzip.compress, "it is compressed twice; unpack it once in its folder: mv {0} {0}.gz && gunzip {0}.gz"),
        (gzip.decompress, "it is not compressed; rename it to ct.nii"),
        (lambda packed: b"", "the file is empty; copy it again from where it came"),
        (lambda packed: b"version https://git-lfs.github.com/spec/v1", "git lfs pull"),
        (lambda packed: b"a letter", "copy the file again (File ct.nii.gz is not a gzip file)"),
        (lambda packed: packed[:4], "copy the file again"),
    ],
    ids=["gz in gz", "plain named gz", "empty", "LFS pointer", "text", "cut off"],
)
def test_a_file_that_is_not_what_its_name_says(tmp_path, make_case, change, next_step):
    ct = make_case(tmp_path) / "ct.nii.gz"
    ct.write_bytes(change(ct.read_bytes()))
    ((_, _, told),) = problems_of(tmp_path)
    assert next_step.format("ct.nii.gz") in told
    with pytest.raises(DataError):
        open_volume(ct)


def test_the_advice_for_gz_in_gz_works_as_printed(tmp_path, make_case):
    ct = make_case(tmp_path) / "ct.nii.gz"
    ct.write_bytes(gzip.compress(ct.read_bytes()))
    ((_, _, told),) = problems_of(tmp_path)
    subprocess.run(told.partition(": ")[2], shell=True, cwd=ct.parent, check=True)
    assert problems_of(tmp_path) == []


def test_a_compressed_file_named_nii(tmp_path, make_case):
    ct = make_case(tmp_path) / "ct.nii.gz"
    ct.rename(ct.with_name("ct.nii"))
    ((_, _, told),) = problems_of(tmp_path)
    assert told == "it is compressed; rename it to ct.nii.gz"


def test_a_spacing_of_0_is_said_by_the_check_alone(tmp_path, make_case, caplog):
    ct = make_case(tmp_path) / "ct.nii.gz"
    raw = bytearray(gzip.decompress(ct.read_bytes()))
    raw[80:92] = bytes(12)  # pixdim[1:4]
    raw[252:254] = bytes(2)  # qform_code; the sform stays
    ct.write_bytes(gzip.compress(bytes(raw)))
    ((_, observed, told),) = problems_of(tmp_path)
    assert observed == "pixdim 0×0×0 mm"
    assert "set_zooms(nibabel.affines.voxel_sizes(image.affine))" in told
    raw[254:256] = bytes(2)  # nor an sform
    ct.write_bytes(gzip.compress(bytes(raw)))
    assert ("spacing", "pixdim 0×0×0 mm") in [p[:2] for p in problems_of(tmp_path)]
    assert "pixdim" not in caplog.text


def test_a_wrong_mask_folder_is_one_problem(tmp_path, make_case, save):
    case = make_case(tmp_path)
    for name in ("liver", "liver_lesion", "spleen", "pancreas", "stomach"):
        save(case / "segmentations" / f"{name}.nii.gz", np.eye(16, 17, dtype=np.uint8)[..., None].repeat(12, 2))
    ((problem, observed, _),) = problems_of(tmp_path)
    assert (problem, observed) == ("shape", "5 mask files, the first: liver_lesion 16×17×12")


def test_a_few_wrong_masks_are_named_each(tmp_path, make_case, save):
    case = make_case(tmp_path)
    for name in ("spleen", "pancreas"):
        save(case / "segmentations" / f"{name}.nii.gz", np.eye(16, 17, dtype=np.uint8)[..., None].repeat(12, 2))
    assert [p[1] for p in problems_of(tmp_path)] == ["pancreas 16×17×12", "spleen 16×17×12"]


def test_blanks_in_a_name_say_which_name_would_do(tmp_path, make_case):
    make_case(tmp_path / "my data", "Patient 12 (a)")
    ((problem, _, told),) = problems_of(tmp_path / "my data")
    assert problem == "case id"
    assert "e.g. to Patient_12_a:" in told
