"""Synthetic lesions shared by the tests of the losses; each fixture is the function of its name."""

import math

import pytest
import torch
from reportsup.segmentation.lesion_targets import Lesion, LesionTargets, RegionTarget


@pytest.fixture(autouse=True)
def _one_thread():
    torch.set_num_threads(1)


def _distance_mm(shape, centre_mm, spacing_mm=(1.0, 1.0, 1.0)):
    """Return (X, Y, Z) distances of the voxel centres from a point in mm."""
    axes = [(torch.arange(n) * s - c) ** 2 for n, s, c in zip(shape, spacing_mm, centre_mm, strict=True)]
    return torch.sqrt(axes[0][:, None, None] + axes[1][None, :, None] + axes[2][None, None, :])


def _blob_logits(shape, centre_mm, diameter_mm, spacing_mm=(1.0, 1.0, 1.0), inside=4.0, outside=-6.0):
    """Return (1, 1, X, Y, Z) logits of a network that sees one ball."""
    ball = _distance_mm(shape, centre_mm, spacing_mm) <= diameter_mm / 2
    return torch.where(ball, inside, outside)[None, None]


def _sphere_mm3(diameter_mm):
    return math.pi / 6 * diameter_mm**3


def _whole_crop_target(shape, lesions=(), spacing_mm=(1.0, 1.0, 1.0), channel=0, lo=None, hi=None, **options):
    """Return the targets of one sample with one slot covering the crop; the interval defaults to ±20 %."""
    total = sum(lesion.volume_mm3 for lesion in lesions)
    region = torch.ones(shape, dtype=torch.bool)
    lo, hi = 0.8 * total if lo is None else lo, 1.2 * total if hi is None else hi
    target = RegionTarget(channel, region, lo, hi, tuple(lesions), **options)
    return LesionTargets.from_regions([[target]], torch.tensor([spacing_mm]), shape)


def _sphere(diameter_mm):
    return Lesion(diameter_mm, _sphere_mm3(diameter_mm))


@pytest.fixture
def distance_mm():
    return _distance_mm


@pytest.fixture
def blob_logits():
    return _blob_logits


@pytest.fixture
def whole_crop_target():
    return _whole_crop_target


@pytest.fixture
def sphere():
    return _sphere
