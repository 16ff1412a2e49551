"""Predicted lesions as a DICOM Segmentation object that refers to the slices of its series."""

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

import numpy as np
import numpy.typing as npt

from ...schemas import ConfigError, DataError, load_anatomy
from ...schemas.atomic import atomic
from .series import DicomSeries


def write_segmentation(series: DicomSeries, masks: Mapping[str, npt.NDArray[np.bool_]], path: Path) -> None:
    """Write one segment per organ, binary, on the slices of the series.

    Args:
        masks: organ → lesions (column, row, slice), each with a voxel at least.
        path: of the file, replaced at once.

    Raises:
        ConfigError: the extra `dicom` is not installed.
        DataError: a mask on another grid than the series, no mask, or a series that cannot be referred to.
    """
    try:
        import highdicom
        from pydicom.uid import ExplicitVRLittleEndian
    except ImportError as error:
        raise ConfigError(
            "DICOM: highdicom is not installed vs the extra `dicom`. Segmentation objects cannot be written. "
            "Install it: pip install 'reportsup[dicom]'."
        ) from error
    wrong = {organ: mask.shape for organ, mask in masks.items() if mask.shape != series.shape or not mask.any()}
    if wrong or not masks:
        raise DataError(
            f"{path.name}: masks {wrong or 'none'} vs lesions on the grid {series.shape} of the series. They would lie "
            "elsewhere. Predict the series again."
        )
    _check_identity(series, path)
    # (slice, row, column, segment), as the standard stores frames
    frames = np.stack([mask.transpose(2, 1, 0) for mask in masks.values()], axis=-1).astype(np.uint8)
    segmentation = highdicom.seg.Segmentation(
        source_images=list(series.slices),
        pixel_array=frames,
        segmentation_type=highdicom.seg.SegmentationTypeValues.BINARY,
        segment_descriptions=[_description(number, organ) for number, organ in enumerate(masks, start=1)],
        series_instance_uid=highdicom.UID(),
        series_number=9000,
        sop_instance_uid=highdicom.UID(),
        instance_number=1,
        manufacturer="reportsup",
        manufacturer_model_name="reportsup",
        software_versions=version("reportsup"),
        device_serial_number="0",
        content_description="predicted lesions, research only",
        series_description="predicted lesions, research only",
        transfer_syntax_uid=ExplicitVRLittleEndian,
    )
    with atomic(path) as temporary:
        segmentation.save_as(temporary)


def _check_identity(series: DicomSeries, path: Path) -> None:
    needed = ("StudyInstanceUID", "SeriesInstanceUID", "SOPClassUID", "SOPInstanceUID", "FrameOfReferenceUID")
    missing = [name for name in needed if not all(header.get(name) for header in series.slices)]
    if missing:
        raise DataError(
            f"{path.name}: slices without {', '.join(missing)} vs slices that can be referred to. Anonymisation "
            "emptied them. Anonymise with new identifiers instead of none, or leave --dicom-seg out."
        )


def _description(number: int, organ: str):  # type: ignore[no-untyped-def]
    import highdicom
    from pydicom.sr.codedict import codes
    from pydicom.sr.coding import Code

    entry = load_anatomy().organ(organ)
    return highdicom.seg.SegmentDescription(
        segment_number=number,
        segment_label=f"{entry.label} lesion"[:64],
        segmented_property_category=codes.SCT.MorphologicallyAbnormalStructure,
        segmented_property_type=codes.SCT.Lesion,
        algorithm_type=highdicom.seg.SegmentAlgorithmTypeValues.AUTOMATIC,
        algorithm_identification=highdicom.AlgorithmIdentificationSequence(
            name="reportsup", version=version("reportsup"), family=codes.DCM.ArtificialIntelligence
        ),
        anatomic_regions=[Code(entry.snomed_ct, "SCT", entry.label)] if entry.snomed_ct else None,
    )
