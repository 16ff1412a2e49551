"""Organ masks made by other segmenters: run as subprocesses, or found where they were made already."""

from .found import find_masks
from .label_tables import label_table, label_tables
from .masks import OrganMasks, organ_mask_files
from .register import known_organ_masks, register_masks, unsegmented
from .run import segment_case
from .segmenters import NnUNet, Segmenter, TotalSegmentator

__all__ = [
    "NnUNet",
    "OrganMasks",
    "Segmenter",
    "TotalSegmentator",
    "find_masks",
    "known_organ_masks",
    "label_table",
    "label_tables",
    "organ_mask_files",
    "register_masks",
    "segment_case",
    "unsegmented",
]
