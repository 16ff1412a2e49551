"""The overview picture: the right planes, turned as radiologists turn them, with what was reported and predicted."""

import nibabel as nib
import numpy as np
import pytest
from reportsup.segmentation.evaluation import ReportedPlace, ReportedVolume, lesion_components
from reportsup.segmentation.prediction.picture import WIDTH_MM, caption, planes, write_picture

RAS_SHAPE, SPACING = (40, 36, 30), (2.0, 3.0, 4.0)


def patient(axes: str):
    """HU, affine and lesion in some axis order: a big lesion right, front, low; a small one left, back, high."""
    hu = np.zeros(RAS_SHAPE, dtype=np.int16)
    hu[30:36, 26:32, 4:9], hu[4:7, 3:6, 24:27] = 150, 90  # first index grows to the right in RAS
    ornt = nib.orientations.axcodes2ornt(axes)
    from_ras = nib.orientations.ornt_transform(nib.orientations.axcodes2ornt("RAS"), ornt)
    turned = nib.orientations.apply_orientation(hu, from_ras)
    affine = np.diag([*SPACING, 1.0]) @ nib.orientations.inv_ornt_aff(from_ras, RAS_SHAPE)
    return turned, affine


def lesions(hu, affine):
    return {
        "liver": lesion_components(hu == 150, affine, organ="liver"),
        "kidney": lesion_components(hu == 90, affine, organ="kidney"),
    }


@pytest.mark.parametrize("axes", ["RAS", "LPS", "PIR", "SLA"])
def test_every_plane_goes_through_the_largest_lesion_and_lies_as_the_patient_does(axes):
    hu, affine = patient(axes)
    axial, coronal, sagittal = planes(hu, affine, lesions(hu, affine))
    assert [plane.pixel_mm for plane in (axial, coronal, sagittal)] == [(3.0, 2.0), (4.0, 2.0), (4.0, 3.0)]
    for plane in (axial, coronal, sagittal):
        assert plane.largest.any()
        assert np.array_equal(plane.largest, plane.hu == 150)
        assert not plane.others.any()  # the small one lies in none of these planes
    rows, columns = np.nonzero(axial.largest)
    assert columns.mean() < axial.hu.shape[1] / 2  # the patient's right on the left
    assert rows.mean() > axial.hu.shape[0] / 2  # the front above
    rows, columns = np.nonzero(coronal.largest)
    assert columns.mean() < coronal.hu.shape[1] / 2
    assert rows.mean() < coronal.hu.shape[0] / 2  # low is below
    rows, columns = np.nonzero(sagittal.largest)
    assert columns.mean() < sagittal.hu.shape[1] / 2  # the front on the left


def test_the_planes_go_through_the_middle():
    grid = np.stack(np.meshgrid(*(np.arange(30),) * 3, indexing="ij"), axis=-1)
    ball = np.linalg.norm(grid - [12, 15, 17], axis=-1) <= 6
    for plane in planes(ball.astype(np.int16), np.eye(4), {"liver": lesion_components(ball, np.eye(4), organ="liver")}):
        assert plane.largest.sum() == ball[12].sum()  # a great circle


def test_large_volumes_are_cut_around_the_lesion():
    hu = np.zeros((300, 20, 20), dtype=np.int16)
    hu[200:204, 8:12, 8:12] = 150
    found = {"liver": lesion_components(hu == 150, np.eye(4), organ="liver")}
    axial = planes(hu, np.eye(4), found)[0]
    assert axial.hu.shape == (20, WIDTH_MM + 1)


def test_what_is_told_of_each_organ():
    hu, affine = patient("LPS")
    found = lesions(hu, affine)
    found["spleen"] = lesion_components(np.zeros(hu.shape), affine, organ="spleen")
    found["pancreas"] = lesion_components(np.zeros(hu.shape), affine, organ="pancreas")
    said = {
        "liver": ReportedVolume(1, 9, 5, 23.0, 1, 1, (ReportedPlace(None, ("segment 4",), 1, 1, ((23.0, 14.0),)),)),
        "kidney": ReportedVolume(0.0, 0.0, 0.0, None, 0, 0),
        "pancreas": ReportedVolume(33.5, None, None, None, 1, None, (ReportedPlace(None, (), 1, None),)),
    }
    assert caption(found, said) == [
        "liver     predicted: 21×14 mm, 4.3 mL in all   reported: 1 × segment 4, 23×14 mm",
        "kidney    predicted: 10×7 mm, 0.6 mL in all   reported: no lesion",
        "pancreas  predicted: no lesion   reported: ≥1 × no size",
    ]
    assert caption({"spleen": found["spleen"]}, {}) == ["no lesion predicted"]


def test_a_picture_with_and_without_a_lesion(tmp_path):
    hu, affine = patient("LPS")
    nothing = {"liver": lesion_components(np.zeros(hu.shape), affine, organ="liver")}
    for name, found in (("some", lesions(hu, affine)), ("none", nothing)):
        write_picture(tmp_path / f"{name}.png", "case", hu, affine, found)
        assert (tmp_path / f"{name}.png").read_bytes().startswith(b"\x89PNG")
