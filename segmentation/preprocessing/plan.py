"""What is decided once for a data set, before anything is resampled: grid, intensities, channels, masks."""

import hashlib
import json
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
import numpy.typing as npt

from ...schemas import ConfigError

CACHE_VERSION = 3
# What a resampled volume depends on. Intensities are applied when a crop is read, masks and margins are files of their
# own that are added: neither makes a volume anew.
_CACHE_FIELDS = ("spacing_mm", "image_order", "organ_box_mm")
_CROPPED_FIELDS = (*_CACHE_FIELDS, "channels", "region_masks")  # a volume cut around organs depends on which they are


@dataclass(frozen=True)
class Fingerprint:
    """What the training cases look like, in RAS axis order (x = right, y = anterior, z = superior).

    Attributes:
        median_spacing_mm, min_spacing_mm, max_spacing_mm: over cases, per axis.
        low_spacing_mm: 10th percentile.
        median_shape: voxels per axis on the native grids, median over cases.
        median_extent_mm: shape × spacing, median over cases.
        foreground_hu: 0.5, 50 and 99.5 percentiles of the sampled foreground.
        foreground_mean_hu, foreground_std_hu: of the foreground clipped to the plan's window: those percentiles, and
            always the range of soft tissue.
    """

    n_cases: int
    median_spacing_mm: tuple[float, float, float]
    min_spacing_mm: tuple[float, float, float]
    max_spacing_mm: tuple[float, float, float]
    low_spacing_mm: tuple[float, float, float]
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
        organ_box_mm: cached volumes end this far beyond the masks of organs and lesions; None = they are whole.
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
    organ_box_mm: float | None = None

    @property
    def mask_names(self) -> tuple[str, ...]:
        """All masks that the cache keeps: regions, then lesions."""
        return (*self.region_masks, *(channel.name for channel in self.channels))

    @property
    def cache_key(self) -> str:
        """Hash over what changes a resampled volume: the grid, and where it is cut off."""
        names = _CACHE_FIELDS if self.organ_box_mm is None else _CROPPED_FIELDS
        payload = {name: value for name, value in asdict(self).items() if name in names}
        text = json.dumps({"version": CACHE_VERSION, **payload}, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @property
    def background(self) -> float:
        """Normalised intensity of air: what a crop is padded with beyond the volume."""
        return (self.clip_hu[0] - self.mean_hu) / self.std_hu

    def normalise(self, hu: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Intensities as the network sees them: clipped, centred, of unit spread."""
        low, high = (np.float32(value) for value in self.clip_hu)
        image = np.clip(hu.astype(np.float32), low, high)
        image -= np.float32(self.mean_hu)
        image /= np.float32(self.std_hu)
        return image

    def to_json(self) -> str:
        """The plan as JSON, indented for readers; `from_json` gives it back exactly."""
        return json.dumps(asdict(self), indent=2) + "\n"

    @classmethod
    def from_json(cls, text: str) -> Self:
        """The plan that `to_json` wrote.

        Raises:
            ConfigError: the text is no plan of this version.
        """
        try:
            raw: dict[str, Any] = json.loads(text)
            channels = tuple(LesionChannel(**channel) for channel in raw.pop("channels"))
            rest: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in raw.items()}
            return cls(channels=channels, **rest)
        except (ValueError, TypeError, KeyError, AttributeError) as error:
            raise ConfigError(
                f"plan: unreadable ({type(error).__name__}) vs a plan.json of this reportsup. The cache and the "
                "network depend on it. Remove the file to plan again."
            ) from error


def render_plan(plan: Plan, fingerprint: Fingerprint | None = None) -> str:
    """Fingerprint and plan as lines of text, for the terminal and the run folder."""
    rows = [] if fingerprint is None else _fingerprint_rows(fingerprint)
    rows += [
        ("spacing", f"{_numbers(plan.spacing_mm)} mm"),
        ("patch", f"{_numbers(plan.patch_size)} voxels = {_extent(plan)} mm"),
        ("intensities", f"clip {_numbers(plan.clip_hu)} HU, then (x − {plan.mean_hu:.4g}) / {plan.std_hu:.4g}"),
        ("interpolation", "linear" if plan.image_order == 1 else f"spline of order {plan.image_order}"),
        ("lesion channels", ", ".join(channel.name for channel in plan.channels)),
        ("region masks", ", ".join(plan.region_masks) or "none"),
        ("margin", f"{plan.margin_mm:g} mm around a region"),
        ("cached volumes", "whole" if plan.organ_box_mm is None else f"to {plan.organ_box_mm:g} mm beyond the organs"),
        ("cache key", plan.cache_key),
    ]
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in rows)


def _fingerprint_rows(fingerprint: Fingerprint) -> list[tuple[str, str]]:
    low, median, high = fingerprint.foreground_hu
    spacings = f"{_numbers(fingerprint.min_spacing_mm)} to {_numbers(fingerprint.max_spacing_mm)}"
    return [
        ("training cases", str(fingerprint.n_cases)),
        ("their spacing", f"median {_numbers(fingerprint.median_spacing_mm)} mm, {spacings}"),
        ("their shape", f"median {_numbers(fingerprint.median_shape)} voxels"),
        ("their extent", f"median {_numbers(fingerprint.median_extent_mm)} mm"),
        ("foreground", f"{low:.4g} to {high:.4g} HU, median {median:.4g}, of {fingerprint.n_sampled_cases} cases"),
    ]


def _numbers(values: tuple[float, ...]) -> str:
    return " × ".join(f"{value:.4g}" for value in values)


def _extent(plan: Plan) -> str:
    return _numbers(tuple(n * s for n, s in zip(plan.patch_size, plan.spacing_mm, strict=True)))
