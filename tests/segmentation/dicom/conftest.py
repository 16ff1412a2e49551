"""A small oblique CT series, written slice by slice in a wrong order."""

from pathlib import Path

import numpy as np
import pytest

ACROSS = np.array([0.96, 0.28, 0.0])
DOWN = np.array([-0.28, 0.96, 0.0])
SHAPE = (12, 10, 6)  # columns, rows, slices
SPACING = (0.8, 0.7, 2.5)  # between columns, between rows, between slices
ORIGIN = np.array([-20.0, 15.0, 100.0])


def hounsfield() -> np.ndarray:
    """(column, row, slice), another value in every voxel."""
    return np.arange(np.prod(SHAPE)).reshape(SHAPE) - 300.0


def write_slice(path: Path, k: int, series, **changes) -> None:
    from pydicom.dataset import Dataset, FileMetaDataset
    from pydicom.uid import CTImageStorage, ExplicitVRLittleEndian, generate_uid

    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.TransferSyntaxUID = CTImageStorage, ExplicitVRLittleEndian
    meta.MediaStorageSOPInstanceUID = generate_uid()
    ds = Dataset()
    ds.file_meta = meta
    ds.SOPClassUID, ds.SOPInstanceUID = CTImageStorage, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID, ds.FrameOfReferenceUID = series
    ds.Modality, ds.PatientID, ds.PatientName, ds.PatientBirthDate, ds.PatientSex = "CT", "P1", "Doe^J", "19500101", "O"
    ds.StudyDate, ds.StudyTime = "20200101", "120000"
    ds.AccessionNumber = ds.StudyID = ds.ReferringPhysicianName = ""
    ds.SeriesNumber, ds.InstanceNumber, ds.Manufacturer, ds.PositionReferenceIndicator = 1, k + 1, "x", ""
    ds.ImageType = ["ORIGINAL", "PRIMARY", "AXIAL"]
    ds.Columns, ds.Rows = SHAPE[:2]
    ds.PixelSpacing = [SPACING[1], SPACING[0]]
    ds.SliceThickness = SPACING[2]
    ds.ImageOrientationPatient = [*ACROSS, *DOWN]
    ds.ImagePositionPatient = [float(x) for x in ORIGIN + k * SPACING[2] * np.cross(ACROSS, DOWN)]
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 16, 16, 15, 0
    ds.RescaleSlope, ds.RescaleIntercept = 0.5, -1024
    ds.PixelData = ((hounsfield()[:, :, k % SHAPE[2]].T + 1024) * 2).astype("<u2").tobytes()
    for name, value in changes.items():
        setattr(ds, name, value)
    path.parent.mkdir(parents=True, exist_ok=True)
    ds.save_as(path, enforce_file_format=True)


@pytest.fixture
def uids():
    from pydicom.uid import generate_uid

    return [generate_uid() for _ in range(3)]


@pytest.fixture
def folder(tmp_path, uids):
    for name, k in zip("dbface", range(SHAPE[2]), strict=True):
        write_slice(tmp_path / "series" / "inner" / name, k, uids)
    (tmp_path / "series" / "README.txt").write_text("no DICOM")
    return tmp_path / "series"
