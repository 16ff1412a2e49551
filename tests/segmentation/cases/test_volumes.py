"""value = slope × stored + intercept, whatever is stored: HU, labels, masks."""

import gzip
import subprocess
import sys
import tracemalloc
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from reportsup.schemas import DataError
from reportsup.segmentation.cases import CaseFiles, LabelMap, MaskFile, check_case
from reportsup.segmentation.cases.volumes import open_volume, read_array, read_labels, read_mask

SHAPE = (12, 10, 8)
AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])


def write_scaled(path: Path, stored: np.ndarray, slope: float, intercept: float) -> Path:
    """A file with exactly these stored values and header fields, as scanners and converters write them."""
    header = nib.Nifti1Image(stored, AFFINE).header.copy()
    header["scl_slope"], header["scl_inter"], header["vox_offset"] = slope, intercept, 352
    header["magic"] = b"n+1"
    header["sform_code"] = 1
    header["srow_x"], header["srow_y"], header["srow_z"] = AFFINE[:3]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(header.binaryblock + b"\0" * 4 + stored.tobytes(order="F")))
    return path


def hu() -> np.ndarray:
    array = np.random.default_rng(0).normal(40, 20, SHAPE).round()
    array[:2] = -1000
    return array


@pytest.mark.parametrize(
    ("stored", "slope", "intercept"),
    [
        ((hu() + 1024).astype(np.uint16), 1, -1024),
        ((hu() + 1024).astype(np.int16), 1, -1024),
        ((hu() / 2 + 512).astype(np.float32), 2, -1024),
        ((hu() * 4).astype(np.int16), 0.25, 0),
        (hu().astype(np.int16), 0, 0),  # a slope of 0 means none
        (hu().astype(np.int16), np.nan, np.nan),
        (hu().astype(np.int16), 0, -1024),
    ],
)
def test_hounsfield_units(tmp_path, stored, slope, intercept):
    path = write_scaled(tmp_path / "ct.nii.gz", stored, slope, intercept)
    np.testing.assert_allclose(read_array(open_volume(path)), hu(), atol=1e-3)
    assert not check_case(CaseFiles("A", path)).problems


def test_scaling_does_not_overflow_the_stored_type(tmp_path):
    stored = np.full(SHAPE, 32767, dtype=np.int16)
    path = write_scaled(tmp_path / "ct.nii.gz", stored, 2, 1000)
    assert read_array(open_volume(path)).max() == 66534


@pytest.mark.parametrize(("slope", "intercept", "problem"), [(1e38, 0, "NaN or infinity"), (2, np.nan, "unreadable")])
def test_absurd_scaling_is_named(tmp_path, slope, intercept, problem):
    path = write_scaled(tmp_path / "ct.nii.gz", (hu() + 1024).astype(np.int16), slope, intercept)
    (found,) = check_case(CaseFiles("A", path)).problems
    assert found.problem.startswith(problem)
    assert found.fatal


def labels() -> np.ndarray:
    array = np.zeros(SHAPE, dtype=int)
    array[3:9, 3:9, 2:6] = 1
    array[4:6, 4:6, 3:5] = 3
    return array


LABELS = [
    (labels().astype(np.uint8) * 2, 0.5, 0),
    (labels().astype(np.uint8) * 10, 0.1, 0),  # 30 × 0.1 is not 3 in single precision
    (labels().astype(np.int16) - 7, 1, 7),
    (labels() + np.float32(1e-6), 1, 0),
    (labels().astype(np.float64), 1, 0),
    (labels().astype(np.uint8), 0, 0),
]


@pytest.mark.parametrize(("stored", "slope", "intercept"), LABELS)
def test_label_maps(tmp_path, stored, slope, intercept):
    ct = write_scaled(tmp_path / "ct.nii.gz", hu().astype(np.int16), 1, 0)
    path = write_scaled(tmp_path / "labels.nii.gz", stored, slope, intercept)
    np.testing.assert_array_equal(read_mask(path, 3), labels() == 3)
    masks = (MaskFile("liver", path, 1), MaskFile("liver_lesion", path, 3))
    checked = check_case(CaseFiles("A", ct, masks, LabelMap(path, (0, 1, 3))))
    assert checked.problems == ()
    assert {mask.name: mask.volume_mm3 for mask in checked.masks} == pytest.approx(
        {"liver": 136 * 8, "liver_lesion": 8 * 8}
    )


@pytest.mark.parametrize("inside", [255, 1])
def test_masks_scaled_by_one_over_255(tmp_path, inside):
    stored = ((labels() > 0) * inside).astype(np.uint8)
    path = write_scaled(tmp_path / "mask.nii.gz", stored, 1 / 255, 0)
    np.testing.assert_array_equal(read_mask(path, None), labels() > 0)
    ct = write_scaled(tmp_path / "ct.nii.gz", hu().astype(np.int16), 1, 0)
    checked = check_case(CaseFiles("A", ct, (MaskFile("liver", path),)))
    assert checked.problems == ()
    assert checked.masks[0].volume_mm3 == pytest.approx(144 * 8)


def test_a_mask_that_nibabel_saved_scaled_has_its_background_at_0(tmp_path):
    image = nib.Nifti1Image((labels() > 0).astype(np.float32), AFFINE)
    image.set_data_dtype(np.int16)  # saved with a slope and an intercept: 0 comes back as 1e-8
    nib.save(image, tmp_path / "mask.nii.gz")
    np.testing.assert_array_equal(read_mask(tmp_path / "mask.nii.gz", None), labels() > 0)


def test_small_probabilities_do_not_turn_into_an_empty_mask(tmp_path):
    stored = np.linspace(0, 4e-4, np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)
    path = write_scaled(tmp_path / "p.nii.gz", stored, 1, 0)
    assert read_labels(open_volume(path)).max() > 0


@pytest.mark.parametrize("extra", [(1,), (1, 1)])
def test_a_trailing_dimension_of_1_is_no_dimension(tmp_path, extra):
    ct = write_scaled(tmp_path / "ct.nii.gz", hu().astype(np.int16).reshape(*SHAPE, *extra), 1, 0)
    mask = write_scaled(tmp_path / "m.nii.gz", (labels() > 0).astype(np.uint8).reshape(*SHAPE, *extra), 1, 0)
    checked = check_case(CaseFiles("A", ct, (MaskFile("liver", mask),)))
    assert (checked.problems, checked.shape) == ((), SHAPE)
    assert read_array(open_volume(ct)).shape == SHAPE


@pytest.mark.parametrize(
    ("change", "problem", "observed"),
    [
        ({(4, 4, 3): 255}, "undeclared label", "labels.nii.gz: 255 in 1 voxels"),
        ({(4, 4, 3): 25, (5, 5, 4): -3}, "undeclared label", "-3, 25 in 2 voxels"),
        ({(4, 4, 3): 0.5}, "label map", "fractions"),
        ({(4, 4, 3): np.nan}, "label map", "fractions"),
        ({(0, 0, 0): 9}, "ignore label", "1 voxels"),
    ],
)
def test_a_label_map_that_cannot_be_believed_teaches_nothing(tmp_path, change, problem, observed):
    array = labels().astype(np.float32)
    for place, value in change.items():
        array[place] = value
    ct = write_scaled(tmp_path / "ct.nii.gz", hu().astype(np.int16), 1, 0)
    path = write_scaled(tmp_path / "labels.nii.gz", array, 1, 0)
    masks = (MaskFile("liver", path, 1), MaskFile("liver_lesion", path, 3))
    checked = check_case(CaseFiles("A", ct, masks, LabelMap(path, (0, 1, 3, 9), ignore=9)))
    (found,) = checked.problems
    assert (found.problem, observed in found.observed) == (problem, True)
    assert found.fatal is (problem != "ignore label")
    assert checked.masks == (), "no mask of it may become known absence"


def test_a_ct_in_place_of_the_labels_names_values(tmp_path):
    ct = write_scaled(tmp_path / "ct.nii.gz", hu().astype(np.int16), 1, 0)
    masks = (MaskFile("liver", ct, 1), MaskFile("liver_lesion", ct, 3))
    (found,) = check_case(CaseFiles("A", ct, masks, LabelMap(ct, (0, 1, 3)))).problems
    assert found.problem == "undeclared label"
    assert "-1000, " in found.observed
    assert "0, 1, 3" in found.expected


def test_a_bit_that_was_turned_over_is_noticed_by_the_checksum(tmp_path):
    path = write_scaled(tmp_path / "ct.nii.gz", np.zeros(SHAPE, np.int16), 1, 0)
    content = bytearray(path.read_bytes())
    content[-6] ^= 1  # of the CRC-32, which stands behind the last voxel
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_array(open_volume(path))


def _promising(path: Path, shape: tuple[int, int, int]) -> bytes:
    raw = gzip.decompress(write_scaled(path, np.zeros(SHAPE, np.int16), 1, 0).read_bytes())
    header = nib.Nifti1Header(raw[:348])
    header.set_data_shape(shape)
    return header.binaryblock + raw[348:]


@pytest.mark.parametrize("name", ["ct.nii", "ct.nii.gz"])
def test_a_file_that_cannot_hold_what_its_header_promises_costs_no_memory(tmp_path, name):
    raw = _promising(tmp_path / "small.nii.gz", (4096, 4096, 1920))
    path = tmp_path / name
    path.write_bytes(gzip.compress(raw) if path.suffix == ".gz" else raw)
    tracemalloc.start()
    with pytest.raises(DataError, match="promises 64 GB"):
        read_array(open_volume(path))
    assert tracemalloc.get_traced_memory()[1] < 10**7
    tracemalloc.stop()


def test_a_volume_that_the_memory_does_not_take_is_a_case_set_aside(tmp_path):
    """Sparse: 60 GB to read, next to nothing on the disk; the process may take 4 GB."""
    raw = _promising(tmp_path / "small.nii.gz", (4096, 4096, 1920))
    path = tmp_path / "ct.nii"
    with path.open("wb") as stream:
        stream.write(raw[:352])
        stream.truncate(352 + 2 * 4096 * 4096 * 1920)
    script = (
        "import resource, sys; from pathlib import Path; from reportsup.segmentation.cases.ct_checks import check_ct\n"
        "resource.setrlimit(resource.RLIMIT_AS, (4 * 2**30,) * 2)\n"
        "for problem in check_ct('A', Path(sys.argv[1]))[1]: print(problem)"
    )
    done = subprocess.run([sys.executable, "-c", script, path], capture_output=True, text=True, check=True)
    assert "too large" in done.stdout
    assert "64.4 GB" in done.stdout


def test_a_damaged_file_that_has_grown_is_noticed_too(tmp_path):
    """A turned bit in a header that now promises less, or in a length: the checksum lies further behind."""
    path = tmp_path / "ct.nii.gz"
    raw = gzip.decompress(write_scaled(path, np.zeros(SHAPE, np.int16), 1, 0).read_bytes())
    content = bytearray(gzip.compress(raw + b"\0" * 1000))
    path.write_bytes(content)
    assert read_array(open_volume(path)).shape == SHAPE
    content[-6] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="damaged"):
        read_array(open_volume(path))
