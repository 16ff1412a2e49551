"""What is decided once for a data set, before anything is resampled: grid, intensities, channels, masks."""

import hashlib
import json
from dataclasses import asdict, dataclass

CACHE_VERSION = 1
_CACHE_FIELDS = ("spacing_mm", "image_order", "clip_hu", "mean_hu", "std_hu", "channels", "region_masks", "margin_mm")


@dataclass(frozen=True)
class Fingerprint:
    """What the training cases look like, in RAS axis order (x = right, y = anterior, z = superior).

    Attributes:
        median_spacing_mm, min_spacing_mm, max_spacing_mm: over cases, per axis.
        median_shape: voxels per axis on the native grids, median over cases.
        median_extent_mm: shape × spacing, median over cases.
        foreground_hu: 0.5, 50 and 99.5 percentiles of the sampled foreground.
        foreground_mean_hu, foreground_std_hu: of the foreground clipped to those percentiles.
    """

    n_cases: int
    median_spacing_mm: tuple[float, float, float]
    min_spacing_mm: tuple[float, float, float]
    max_spacing_mm: tuple[float, float, float]
    median_shape: tuple[int, int, int]
    median_extent_mm: tuple[float, float, float]
    foreground_hu: tuple[float, float, float]
    foreground_mean_hu: float
    foreground_std_hu: float
    n_sampled_cases: int


@dataclass(frozen=True)
class LesionChannel:
    """One output channel of the network: the lesions of one organ.

    Attributes:
        organ: a name of the anatomy table.
        name: canonical lesion mask name, e.g. "liver_lesion"; also the name of the mask in the cache.
    """

    organ: str
    name: str


@dataclass(frozen=True)
class Plan:
    """How volumes become network input.

    Attributes:
        spacing_mm: target spacing (x, y, z) in RAS; may be anisotropic.
        patch_size: crop shape in voxels of the target grid; does not affect the cache.
        clip_hu, mean_hu, std_hu: image = (clip(HU) − mean) / std.
        channels: lesion channels in output order.
        region_masks: organ and part masks kept in the cache, sorted; each raw and dilated by `margin_mm`.
        margin_mm: how far a lesion may reach out of the region that the report names.
        image_order: 1 = linear, 3 = cubic spline.
    """

    spacing_mm: tuple[float, float, float]
    patch_size: tuple[int, int, int]
    clip_hu: tuple[float, float]
    mean_hu: float
    std_hu: float
    channels: tuple[LesionChannel, ...]
    region_masks: tuple[str, ...]
    margin_mm: float = 15.5
    image_order: int = 1

    @property
    def cache_key(self) -> str:
        """Hash over everything that changes a cached array; the patch size does not."""
        payload = {name: value for name, value in asdict(self).items() if name in _CACHE_FIELDS}
        text = json.dumps({"version": CACHE_VERSION, **payload}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def background(self) -> float:
        """Normalised intensity of air: what a crop is padded with beyond the volume."""
        return (self.clip_hu[0] - self.mean_hu) / self.std_hu
