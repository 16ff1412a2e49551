"""Everything that we know can be wrong with a case: each is named with observed, expected and next step, and stored."""

import gzip
from collections.abc import Callable
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from reportsup.schemas.database import open_database
from reportsup.segmentation.cases import examine, read_cases, read_layout, write_index

SHAPE = (16, 18, 12)
AFFINE = np.diag([-1.5, -1.5, 3.0, 1.0])


def _mask(value: int | float = 1, dtype: type = np.uint8) -> np.ndarray:
    array = np.zeros(SHAPE, dtype=dtype)
    array[3:13, 3:13, 2:11] = value
    return array


def _header(*paths: Path, **fields: object) -> None:
    """Rewrite header fields in place, as no library would."""
    for path in paths:
        raw = gzip.decompress(path.read_bytes())
        header = nib.Nifti1Header(raw[:348])
        for name, value in fields.items():
            header[name] = value
        path.write_bytes(gzip.compress(header.binaryblock + raw[348:]))


def _shear() -> np.ndarray:
    sheared = AFFINE.copy()
    sheared[1, 2] = 0.4
    return sheared


def _truncate(path: Path, keep: float) -> None:
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])


def _with(array: np.ndarray, index: tuple[int, int, int], value: float) -> np.ndarray:
    changed = array.astype(np.float32)
    changed[index] = value
    return changed


def _far_lesion() -> np.ndarray:
    array = np.zeros(SHAPE, dtype=np.uint8)
    array[0, 0, 0] = 1
    return array


def _small_liver() -> np.ndarray:
    array = np.zeros(SHAPE, dtype=np.uint8)
    array[14:16, 15:18, 10:12] = 1
    return array


def _label_map() -> np.ndarray:
    return _mask(3) + np.roll(_mask(1), 2)


def _probabilities() -> np.ndarray:
    return np.linspace(0, 1, np.prod(SHAPE), dtype=np.float32).reshape(SHAPE)


def _moved(shift_mm: float) -> np.ndarray:
    moved = AFFINE.copy()
    moved[2, 3] += shift_mm
    return moved


def _lesions(*corners: tuple[int, int, int]) -> np.ndarray:
    array = np.zeros(SHAPE, dtype=np.uint8)
    for x, y, z in corners:
        array[x : x + 2, y : y + 2, z : z + 2] = 1
    return array


def _kidneys(c: Path, s: Callable, left: slice, right: slice) -> None:
    """Kidneys of at least 1 mL; the first file axis runs to the patient's left."""
    for name, place in (("kidney_left", left), ("kidney_right", right)):
        array = np.zeros(SHAPE, dtype=np.uint8)
        array[place, 3:13, 2:11] = 1
        s(c / f"segmentations/{name}.nii.gz", array)


CT = "ct.nii.gz"
LIVER = "segmentations/liver.nii.gz"
LESION = "segmentations/liver_lesion.nii.gz"
# name: (break the case, expected problem, words of the observation, fatal)
BREAKS: dict[str, tuple[Callable, str, str, bool]] = {
    "ct missing": (lambda c, s, a: (c / CT).unlink(), "missing file", "CT: ct.nii.gz is missing", True),
    "ct is text": (lambda c, s, a: (c / CT).write_text("no"), "unreadable file", "cannot be opened", True),
    "ct is empty": (lambda c, s, a: (c / CT).write_bytes(b""), "unreadable file", "cannot be opened", True),
    "ct truncated": (lambda c, s, a: _truncate(c / CT, 0.6), "damaged file", "CT: ct.nii.gz ends early", True),
    "mask is a folder": (
        lambda c, s, a: (c / "segmentations/spleen.nii.gz").mkdir(), "unreadable file", "spleen: spleen.nii.gz", True,
    ),
    "mask truncated": (
        lambda c, s, a: _truncate(c / LIVER, 0.9), "damaged file", "liver: liver.nii.gz", True,
    ),
    "4D volume": (lambda c, s, a: s(c / CT, np.stack([a, a], -1)), "dimensions", "16×18×12×2", True),
    "NaN": (lambda c, s, a: s(c / CT, _with(a, (4, 4, 4), np.nan)), "NaN or infinity", "1 voxels", True),
    "infinity": (lambda c, s, a: s(c / CT, _with(a, (4, 4, 4), np.inf)), "NaN or infinity", "1 voxels", True),
    "constant": (lambda c, s, a: s(c / CT, np.zeros_like(a)), "constant image", "every voxel is 0", True),
    "normalised": (lambda c, s, a: s(c / CT, a.astype(np.float32) / 2000), "intensities", "to 0.0", True),
    "HU offset": (lambda c, s, a: s(c / CT, a + np.int16(1024)), "intensities", "air at 24", True),
    "padding value": (
        lambda c, s, a: s(c / CT, _with(a, (0, 0, 0), -32768.0)), "intensities", "-32768", False,
    ),
    "sheared": (
        lambda c, s, a: s(c / CT, a, _shear(), lambda i: i.set_qform(None, 0)), "sheared affine", "°", True,
    ),
    "sform ≠ qform": (
        lambda c, s, a: s(c / CT, a, AFFINE, lambda i: i.set_qform(_moved(5.0), 1)),
        "sform ≠ qform", "5.0 mm apart", True,
    ),
    "no orientation": (
        lambda c, s, a: _header(*c.rglob("*.nii.gz"), sform_code=0, qform_code=0), "orientation", "no sform", False,
    ),
    "zero spacing": (
        lambda c, s, a: _header(c / CT, srow_x=[0, 0, 0, 0], qform_code=0), "affine", "not invertible", True,
    ),
    "spacing in metres": (
        lambda c, s, a: s(c / CT, a, np.diag([0.0015, 0.0015, 0.003, 1])), "spacing", "0.0015×", True,
    ),
    "pixdim ≠ affine": (
        lambda c, s, a: _header(c / CT, pixdim=[1] * 8, qform_code=0), "spacing", "pixdim 1×1×1", True,
    ),
    "pixdim 0 beside an sform": (
        lambda c, s, a: _header(c / CT, pixdim=[1] + [0] * 7, qform_code=0), "spacing", "pixdim 0×0×0 mm", True,
    ),
    "pixdim 0 and nothing else": (
        lambda c, s, a: _header(c / CT, pixdim=[1] + [0] * 7, qform_code=0, sform_code=0),
        "spacing", "pixdim 0×0×0 mm", True,
    ),
    "mask shape": (
        lambda c, s, a: s(c / LIVER, _mask()[:-1]), "shape", "liver 15×18×12", True,
    ),
    "mask shifted": (
        lambda c, s, a: s(c / LIVER, _mask(), _moved(2.0)), "affine", "2.0 mm", True,
    ),
    "mask mirrored": (
        lambda c, s, a: s(c / LIVER, _mask(), np.diag([1.5, -1.5, 3, 1])), "affine", "RPS", True,
    ),
    "mask of probabilities": (
        lambda c, s, a: s(c / LIVER, _probabilities()),
        "non-binary mask", "liver: values 0, ", True,
    ),
    "label map as mask": (
        lambda c, s, a: s(c / LIVER, _label_map()), "non-binary mask", "values", True,
    ),
    "empty organ": (
        lambda c, s, a: s(c / LIVER, _mask(0)), "empty organ", "liver has no voxel", False,
    ),
    "binary mask as CT": (lambda c, s, a: s(c / CT, _mask(255)), "intensities", "2 different values: 0, 255", True),
    "label map as CT": (
        lambda c, s, a: s(c / CT, np.arange(np.prod(SHAPE)).reshape(SHAPE).astype(np.int16) % 118),
        "intensities", "118 different values: 0, 1, 2, 3, 4 …", True,
    ),
    "MR": (
        lambda c, s, a: s(c / CT, np.where(a < 0, 3, a * 20 % 1500 + 200).astype(np.int16)),
        "intensities", "air at 3", True,
    ),
    "cropped inside the body": (
        lambda c, s, a: s(c / CT, np.random.default_rng(1).normal(40, 40, SHAPE).astype(np.int16)),
        "intensities", "-", False,
    ),
    "two CTs": (lambda c, s, a: s(c / "CT.nii", a), "two CTs", "CT.nii and ct.nii.gz", True),
    "two spellings of a mask": (
        lambda c, s, a: s(c / "segmentations/Liver_Lesion.NII.GZ", _mask(0)), "mask named twice",
        "liver_lesion: Liver_Lesion.NII.GZ and liver_lesion.nii.gz", True,
    ),
    "two formats of a mask": (
        lambda c, s, a: s(c / "segmentations/liver_lesion.nii", _mask(0)), "mask named twice", "liver_lesion.nii", True,
    ),
    "mask of another format": (
        lambda c, s, a: (c / "segmentations/spleen.nrrd").write_text("x"), "mask format", "spleen.nrrd", False,
    ),
    "lesions of no known organ": (
        lambda c, s, a: s(c / "segmentations/tumour.nii.gz", _mask()), "lesions of no known organ", "tumour", True,
    ),
    "misspelled lesion mask": (
        lambda c, s, a: s(c / "segmentations/lver_lesion.nii.gz", _mask()), "lesions of no known organ", "lver", True,
    ),
    "misspelled organ": (
        lambda c, s, a: s(c / "segmentations/lver.nii.gz", _mask()), "mask name", "lver", False,
    ),
    "full mask": (lambda c, s, a: s(c / LESION, np.ones_like(a)), "full mask", "liver_lesion: every voxel", True),
    "lesion of probabilities near 0": (
        lambda c, s, a: s(c / LESION, _probabilities() / 5000), "non-binary mask", "liver_lesion", True,
    ),
    "empty organ and empty lesion mask": (
        lambda c, s, a: [s(c / LIVER, _mask(0)), s(c / LESION, _mask(0))],
        "empty lesion mask", "liver_lesion has no voxel, nor has the liver", False,
    ),
    "stray lesion": (
        lambda c, s, a: [
            s(c / LESION, _lesions((14, 16, 10), (3, 3, 2), (5, 5, 2))),
            s(c / LIVER, _lesions((3, 3, 2))),
        ],
        "lesion outside its organ", "liver_lesion: 33%", False,
    ),
    "lesion larger than its organ": (
        lambda c, s, a: [s(c / LESION, _mask()), s(c / LIVER, _lesions((4, 4, 4)))],
        "lesion larger than its organ", "mL in", False,
    ),
    "left and right swapped": (
        lambda c, s, a: _kidneys(c, s, slice(1, 4), slice(12, 16)),
        "left and right", "kidney_left 17 mm right of", True,
    ),
    "mirrored": (
        lambda c, s, a: [
            s(c / "segmentations/spleen.nii.gz", np.where(np.arange(16)[:, None, None] < 5, _mask(), 0)),
            s(c / LIVER, np.roll(_mask(), 3, axis=0)),
            s(c / LESION, _lesions((10, 5, 5))),
        ],
        "left and right", "spleen 10 mm right of liver", True,
    ),
    "lesion elsewhere": (
        lambda c, s, a: [
            s(c / LESION, _far_lesion()), s(c / LIVER, _small_liver()),
        ],
        "lesion outside its organ", "liver_lesion: 100%", True,
    ),
    "two names": (
        lambda c, s, a: s(c / "segmentations/liver_tumor.nii.gz", _mask()), "mask named twice", "liver_lesion", True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BREAKS)
def test_every_break_is_named_and_stored(name, tmp_path, make_case, save, ct_array):
    break_case, problem, observed, fatal = BREAKS[name]
    make_case(tmp_path / "data", "GOOD")
    break_case(make_case(tmp_path / "data", "BAD"), save, ct_array)
    with open_database(tmp_path / "x.duckdb") as connection:
        result = examine(read_layout(tmp_path / "data"), connection)
        write_index(connection, result)
        stored = connection.execute(
            "SELECT case_id, problem, observed, expected, next_step, fatal FROM case_problems"
        ).fetchall()
        usable = {case.case_id for case in read_cases(connection)}
    assert {row[0] for row in stored} == {"BAD"}
    row = next(row for row in stored if row[1] == problem)
    assert observed in row[2]
    assert row[3]
    assert row[4]
    assert row[5] is fatal
    assert usable == ({"GOOD"} if fatal else {"GOOD", "BAD"})


def _manifest(root: Path, text: str) -> Path:
    (root / "cases.csv").write_text(text)
    return root / "cases.csv"


# name: (manifest, expected problem, case set aside)
ROWS = {
    "duplicate case": ("case_id,ct\nA,A/ct.nii.gz\nA,B/ct.nii.gz\n", "duplicate case", True),
    "patient in two splits": (
        "case_id,ct,patient_id,split\nA,A/ct.nii.gz,Miller,train\nB,B/ct.nii.gz,Miller,val\n",
        "patient in two splits", True,
    ),
    "unknown split": ("case_id,ct,split\nA,A/ct.nii.gz,holdout\n", "split", True),
    "mask folder gone": ("case_id,ct,masks\nA,A/ct.nii.gz,A/gone\n", "missing file", True),
    "ct path too long": (f"case_id,ct\nA,{'x' * 5000}\n", "missing file", True),
    "mask path too long": (f"case_id,ct,masks\nA,A/ct.nii.gz,{'x' * 5000}\n", "missing file", True),
    "label map without names": ("case_id,ct,masks\nA,A/ct.nii.gz,A/ct.nii.gz\n", "label map", True),
    "unsafe case id": ("case_id,ct\n../A,A/ct.nii.gz\n", "case id", True),
    "no such report": ("case_id,ct,report_id\nA,A/ct.nii.gz,R9\n", "missing report", False),
    "nothing to learn from": ("case_id,ct\nA,A/ct.nii.gz\n", "no supervision", False),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_every_bad_manifest_row_is_named(name, tmp_path, make_case):
    text, problem, fatal = ROWS[name]
    make_case(tmp_path, "A")
    make_case(tmp_path, "B")
    with open_database(tmp_path / "x.duckdb") as connection:
        result = examine(read_layout(_manifest(tmp_path, text)), connection)
    found = [p for p in result.problems if p.problem == problem]
    assert found
    assert all(p.fatal is fatal and p.expected and p.next_step for p in found)
    assert bool(result.n_set_aside) is fatal
    assert "Miller" not in str(result.problems), "a patient id must not appear in a message"
