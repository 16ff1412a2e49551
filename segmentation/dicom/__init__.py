"""DICOM: a series folder in, segmentation objects out (extra `dicom`)."""

from .segmentation import write_segmentation
from .series import DicomSeries, convert_series, read_series

__all__ = ["DicomSeries", "convert_series", "read_series", "write_segmentation"]
