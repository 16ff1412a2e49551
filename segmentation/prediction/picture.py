"""One picture per case: three planes through the largest predicted lesion, with what the report says beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from nibabel import orientations

from ..evaluation.components import ComponentMap, spacing_from_affine
from ..evaluation.records import ReportedVolume

WINDOW_HU = (-160.0, 240.0)
WIDTH_MM = 160.0
BAR_MM = 20.0
LARGEST_COLOUR, OTHERS_COLOUR = "#ff7f0e", "#ffd92f"
_DPI = 110


@dataclass(frozen=True)
class Plane:
    """A cut as a radiologist looks at it: first row at the bottom, the patient's right, or front, on the left.

    Attributes:
        hu, largest, others: (rows, columns), the largest lesion and the other ones.
        pixel_mm: (row, column) size.
    """

    title: str
    hu: npt.NDArray[Any]
    largest: npt.NDArray[np.bool_]
    others: npt.NDArray[np.bool_]
    pixel_mm: tuple[float, float]


def planes(
    image_hu: npt.NDArray[Any], affine_ras: npt.NDArray[np.float64], found: Mapping[str, ComponentMap]
) -> tuple[Plane, ...]:
    """Axial, coronal and sagittal cuts through the middle of the largest lesion, of the volume if there is none.

    Args:
        image_hu: (x, y, z) in file order; affine_ras: voxel → mm.
        found: organ → lesions on the same grid.
    """
    to_ras = orientations.io_orientation(affine_ras)
    spacing_mm = np.array(spacing_from_affine(affine_ras))[np.argsort(to_ras[:, 0])]
    largest, others = (orientations.apply_orientation(mask, to_ras) for mask in _largest_and_others(image_hu, found))
    hu = orientations.apply_orientation(image_hu, to_ras)
    centre = _middle(largest)
    half = np.ceil(WIDTH_MM / 2 / spacing_mm).astype(int)
    window = [slice(max(c - h, 0), c + h + 1) for c, h in zip(centre, half, strict=True)]
    cuts = []
    for title, across, up, along in (("axial", 0, 1, 2), ("coronal", 0, 2, 1), ("sagittal", 1, 2, 0)):
        index: list[Any] = list(window)
        index[along] = int(centre[along])
        # RAS coordinates grow to the right and to the front, both of which belong on the left of the picture.
        hu_cut, largest_cut, others_cut = (np.ascontiguousarray(v[tuple(index)][::-1].T) for v in (hu, largest, others))
        pixel_mm = (float(spacing_mm[up]), float(spacing_mm[across]))
        cuts.append(Plane(title, hu_cut, largest_cut, others_cut, pixel_mm))
    return tuple(cuts)


def _largest_and_others(
    image_hu: npt.NDArray[Any], found: Mapping[str, ComponentMap]
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_]]:
    largest, others = np.zeros(image_hu.shape, dtype=bool), np.zeros(image_hu.shape, dtype=bool)
    organ = _largest_organ(found)
    for name, lesions in found.items():
        others |= lesions.labels > (1 if name == organ else 0)
    if organ is not None:
        largest |= found[organ].labels == 1
    return largest, others


def _largest_organ(found: Mapping[str, ComponentMap]) -> str | None:
    sizes = {organ: lesions.components[0].volume_mm3 for organ, lesions in found.items() if lesions.components}
    return max(sizes, key=lambda organ: sizes[organ]) if sizes else None


def _middle(mask: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """The voxel of a mask nearest to its centre, so that every cut shows it; the volume's centre without one."""
    voxels = np.argwhere(mask)
    if not len(voxels):
        return np.array(mask.shape) // 2
    nearest = np.linalg.norm(voxels - voxels.mean(axis=0), axis=1).argmin()
    return np.asarray(voxels[nearest])


def write_picture(
    path: Path,
    case_id: str,
    image_hu: npt.NDArray[Any],
    affine_ras: npt.NDArray[np.float64],
    found: Mapping[str, ComponentMap],
    reported: Mapping[str, ReportedVolume] | None = None,
) -> None:
    """Draw the planes with contours, a scale bar, and per organ what is predicted against what is reported.

    Args:
        reported: organ → what the report says; organs left out are not spoken of.
    """
    lines = caption(found, reported or {})
    figure = Figure(figsize=(12, 4.3 + 0.22 * len(lines)), layout="constrained", facecolor="white")
    figure.suptitle(f"{case_id}\n" + "\n".join(lines), fontsize=10, x=0.01, ha="left", family="monospace")
    for axes, plane in zip(figure.subplots(1, 3), planes(image_hu, affine_ras, found), strict=True):
        _draw(axes, plane)
    FigureCanvasAgg(figure).print_figure(str(path), format="png", dpi=_DPI)


def caption(found: Mapping[str, ComponentMap], reported: Mapping[str, ReportedVolume]) -> list[str]:
    """One line per organ that either of the two sees a lesion in, and for organs that the report calls free."""
    width = max((len(organ) for organ in found), default=0)
    lines = []
    for organ, lesions in found.items():
        said = reported.get(organ)
        if not lesions.components and said is None:
            continue
        if lesions.components:
            first = lesions.components[0]
            size = "×".join(f"{d:.0f}" for d in (first.axial_long_mm, first.axial_short_mm))
            more = f" and {len(lesions.components) - 1} more" if len(lesions.components) > 1 else ""
            predicted = f"{size} mm{more}, {lesions.volume_mm3 / 1000:.1f} mL in all"
        else:
            predicted = "no lesion"
        lines.append(f"{organ:{width}}  predicted: {predicted}   reported: {'–' if said is None else said}")
    return lines or ["no lesion predicted"]


def _draw(axes: Axes, plane: Plane) -> None:
    row_mm, column_mm = plane.pixel_mm
    low, high = WINDOW_HU
    axes.imshow(plane.hu, cmap="gray", origin="lower", aspect=row_mm / column_mm, vmin=low, vmax=high)
    for mask, colour in ((plane.others, OTHERS_COLOUR), (plane.largest, LARGEST_COLOUR)):
        if mask.any() and not mask.all():
            axes.contour(mask, levels=[0.5], colors=[colour], linewidths=1.4)
    rows, columns = plane.hu.shape
    x, y = 0.05 * columns, 0.06 * rows
    axes.plot([x, x + BAR_MM / column_mm], [y, y], color="white", linewidth=3, solid_capstyle="butt")
    axes.text(x, y + 0.02 * rows, f"{BAR_MM:g} mm", color="white", fontsize=8, va="bottom")
    sides = ("A", "P") if plane.title == "sagittal" else ("R", "L")
    for side, place, align in zip(sides, (0.02, 0.98), ("left", "right"), strict=True):
        axes.text(place, 0.5, side, transform=axes.transAxes, color="white", fontsize=9, ha=align)
    axes.set_title(plane.title, fontsize=9)
    axes.set_axis_off()
