"""DICOM series become volumes in the right place, and segmentations read back as they were."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from reportsup.schemas import DataError
from reportsup.segmentation.cases.ct_checks import check_ct
from reportsup.segmentation.dicom import convert_series, read_series, write_segmentation

from .conftest import ACROSS, DOWN, ORIGIN, SHAPE, SPACING, hounsfield, write_slice

pytest.importorskip("highdicom")
EXAMPLE = Path("/work/shared/data/ct/totalsegmentator_example")


def test_every_voxel_keeps_its_value_and_place(folder, tmp_path):
    convert_series(folder, tmp_path / "ct.nii.gz")
    image = nib.load(tmp_path / "ct.nii.gz")
    assert np.array_equal(np.asarray(image.dataobj), hounsfield())
    normal = np.cross(ACROSS, DOWN)
    for column, row, k in ((0, 0, 0), (11, 0, 0), (3, 9, 5)):
        lps = ORIGIN + column * SPACING[0] * ACROSS + row * SPACING[1] * DOWN + k * SPACING[2] * normal
        assert image.affine @ [column, row, k, 1] == pytest.approx([-lps[0], -lps[1], lps[2], 1], abs=1e-4)


def test_a_series_is_converted_once_and_nothing_of_the_patient_goes_along(folder, tmp_path, uids):
    out = tmp_path / "ct.nii.gz"
    convert_series(folder, out)
    before = out.stat().st_mtime_ns
    convert_series(folder, out)
    assert out.stat().st_mtime_ns == before
    assert b"Doe" not in nib.load(out).header.binaryblock
    write_slice(folder / "inner" / "f", 2, uids, RescaleIntercept=-1000)
    convert_series(folder, out)
    assert np.asarray(nib.load(out).dataobj)[0, 0, 2] == hounsfield()[0, 0, 2] + 24


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            lambda d, uids: (d / "inner" / "f").unlink(),
            "a gap of 5 mm between slices 2.5 mm apart",
        ),
        (lambda d, uids: write_slice(d / "more", 2, uids), "slices 0 mm apart"),
        (
            lambda d, uids: write_slice(d / "more", 2, [*uids[:1], "1.2.3", uids[2]]),
            "2 CT series of 6, 1 slices vs one",
        ),
        (lambda d, uids: write_slice(d / "more", 6, uids, Rows=5), "different values of Rows"),
        (lambda d, uids: [p.unlink() for p in (d / "inner").iterdir()], "no CT slice"),
        (lambda d, uids: [p.unlink() for p in (d / "inner").iterdir() if p.name != "a"], "one slice vs a volume"),
        (lambda d, uids: (d / "inner" / "c").write_bytes((d / "inner" / "c").read_bytes()[:-50]), "cannot be decoded"),
    ],
)
def test_what_makes_no_volume_is_refused(folder, tmp_path, uids, spoil, message):
    spoil(folder, uids)
    with pytest.raises(DataError) as refused:
        convert_series(folder, tmp_path / "ct.nii.gz")
    assert message in str(refused.value)
    assert "Doe" not in str(refused.value)
    assert not (tmp_path / "ct.nii.gz").exists()


def test_a_tilted_gantry_is_refused(tmp_path, uids):
    for k in range(4):
        position = [float(x) for x in ORIGIN + k * np.array([0, 0.5, 2.5])]
        write_slice(
            tmp_path / "tilted" / str(k),
            k,
            uids,
            ImagePositionPatient=position,
            ImageOrientationPatient=[1, 0, 0, 0, 1, 0],
        )
    with pytest.raises(DataError, match=r"shifted by 0\.5 mm .*tilted"):
        read_series(tmp_path / "tilted")


def test_scouts_and_other_modalities_are_left_out(folder, uids):
    write_slice(folder / "scout", 40, uids, ImageType=["ORIGINAL", "PRIMARY", "LOCALIZER"])
    write_slice(folder / "pet", 3, [uids[0], "1.2.3.4", uids[2]], Modality="PT")
    assert read_series(folder).shape == SHAPE


def read_back(path, series):
    """Label → mask (column, row, slice), by the frames' references to the slices."""
    import highdicom

    segmentation = highdicom.seg.segread(path)
    uids = [header.SOPInstanceUID for header in series.slices]
    numbers = list(segmentation.segment_numbers)
    frames = segmentation.get_pixels_by_source_instance(
        uids, segment_numbers=numbers, assert_missing_frames_are_empty=True
    )
    labels = [segmentation.get_segment_description(number).segment_label for number in numbers]
    return {label: frames[..., i].transpose(2, 1, 0).astype(bool) for i, label in enumerate(labels)}, segmentation


def test_segmentations_read_back_identically(folder, tmp_path):
    series = read_series(folder)
    rng = np.random.default_rng(0)
    masks = {"liver": rng.random(SHAPE) < 0.3, "kidney": np.zeros(SHAPE, dtype=bool)}
    masks["kidney"][2, 7, 4] = True  # one voxel, in one slice
    write_segmentation(series, masks, tmp_path / "lesions.dcm")
    found, segmentation = read_back(tmp_path / "lesions.dcm", series)
    assert list(found) == ["liver lesion", "kidney lesion"]
    assert np.array_equal(found["liver lesion"], masks["liver"])
    assert np.array_equal(found["kidney lesion"], masks["kidney"])
    assert segmentation.PatientID == "P1"
    assert segmentation.FrameOfReferenceUID == series.slices[0].FrameOfReferenceUID
    region = segmentation.get_segment_description(2).anatomic_regions[0]
    assert (region.value, region.scheme_designator) == ("64033007", "SCT")


def test_masks_on_another_grid_or_without_a_lesion_are_refused(folder, tmp_path):
    series = read_series(folder)
    for masks in ({}, {"liver": np.ones(SHAPE[::-1], dtype=bool)}, {"liver": np.zeros(SHAPE, dtype=bool)}):
        with pytest.raises(DataError, match=r"on the grid \(12, 10, 6\)"):
            write_segmentation(series, masks, tmp_path / "lesions.dcm")
    assert not (tmp_path / "lesions.dcm").exists()


@pytest.mark.skipif(not EXAMPLE.exists(), reason="no real series on this machine")
def test_a_real_series_and_its_segmentation(tmp_path):
    series = convert_series(EXAMPLE / "example_ct_dicom", tmp_path / "ct.nii.gz")
    _, problems = check_ct("real", tmp_path / "ct.nii.gz")
    assert not [problem for problem in problems if problem.fatal]
    drawn = nib.load(EXAMPLE / "example_seg_dicom.nii.gz")  # made of the same series by another program
    turned = nib.orientations.ornt_transform(
        nib.orientations.io_orientation(drawn.affine), nib.orientations.io_orientation(series.affine_ras)
    )
    same_axes = drawn.as_reoriented(turned)
    assert np.allclose(same_axes.affine, series.affine_ras, atol=0.01)
    mask = np.asarray(same_axes.dataobj) == 5
    hu = np.asarray(nib.load(tmp_path / "ct.nii.gz").dataobj)
    assert 30 < np.median(hu[mask]) < 180  # liver, at the place where the mask says
    with pytest.raises(DataError, match="without StudyInstanceUID, SeriesInstanceUID vs"):  # anonymised by emptying
        write_segmentation(series, {"liver": mask}, tmp_path / "lesions.dcm")
    for header in series.slices:
        header.StudyInstanceUID, header.SeriesInstanceUID = "1.2.3", "1.2.3.4"
    write_segmentation(series, {"liver": mask}, tmp_path / "lesions.dcm")
    found, _ = read_back(tmp_path / "lesions.dcm", series)
    assert np.array_equal(found["liver lesion"], mask)
