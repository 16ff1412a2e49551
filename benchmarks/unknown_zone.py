"""How much of a large tumour is trained as background, where organ masks show the organ without it.

    python benchmarks/unknown_zone.py PATH/TO/kits23      # cases.json, CASE/segmentation.nii.gz; minutes

KiTS23 kidneys (cysts included, tumours left out, as an organ segmenter that does not know tumours draws them) and the
radiographic size of their tumours. The zone around the kidney of the tumour's side is unknown to the segmentation loss
and searched for the tumour; what of the tumour lies outside is trained as background. Once with the margin alone (15.5
mm), once as a crop does it: as far as a lesion of the reported diameter reaches.
"""

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt
from reportsup.segmentation.losses import DEFAULT_MARGIN_MM
from reportsup.segmentation.training.crops import REACH
from scipy.ndimage import distance_transform_edt, label

TUMOUR = 2  # KiTS23 label; 1 is the kidney, 3 a cyst
GRID_MM = 3.0


def tumours(folder: Path, smallest_mm: float) -> Iterator[tuple[float, npt.NDArray[np.float64]]]:
    """(reported diameter in mm, distance of each tumour voxel from the kidney in mm) of every large tumour."""
    for record in json.loads((folder / "cases.json").read_text()):
        path = folder / record["case_id"] / "segmentation.nii.gz"
        # A tumour of 70 mm by volume is reported with 50 mm at least; the rest need not be read.
        if (record.get("radiographic_size") or 0) * 10 < smallest_mm - 20 or not path.exists():
            continue
        image = nib.load(path)
        spacing_mm = np.abs(np.asarray(image.header.get_zooms()[:3], float))
        labels = np.asarray(image.dataobj).astype(np.uint8)
        volume_mm3 = np.count_nonzero(labels == TUMOUR) * spacing_mm.prod()
        if (6 * volume_mm3 / np.pi) ** (1 / 3) > smallest_mm:
            stride = np.maximum(np.round(GRID_MM / spacing_mm), 1).astype(int)
            distances = _distances(labels[:: stride[0], :: stride[1], :: stride[2]], spacing_mm * stride)
            if distances is not None:
                yield 10 * float(record["radiographic_size"]), distances


def _distances(labels: npt.NDArray[np.uint8], spacing_mm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64] | None:
    """Distances of the tumour's voxels from the rest of the kidney that it belongs to; None where nothing is left."""
    parts, n_parts = label(labels > 0)
    tumour = labels == TUMOUR
    side = np.bincount(parts[tumour], minlength=n_parts + 1).argmax()
    kidney = (parts == side) & ~tumour
    if not kidney.any():
        return None
    return np.asarray(distance_transform_edt(~kidney, sampling=spacing_mm)[tumour])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kits23", type=Path)
    parser.add_argument("--larger-than-mm", type=float, default=70.0, help="equivalent diameter")
    args = parser.parse_args()
    found = list(tumours(args.kits23, args.larger_than_mm))
    print(f"{len(found)} tumours over {args.larger_than_mm:g} mm equivalent diameter: volume trained as background")
    for name, reach in (("margin alone", 0.0), (f"margin or {REACH:g} x reported diameter", REACH)):
        shares = np.array([(d > max(DEFAULT_MARGIN_MM, reach * diameter)).mean() for diameter, d in found])
        print(f"  {name:36} mean {shares.mean():5.1%}, median {np.median(shares):5.1%}, any {np.mean(shares > 0):4.0%}")


if __name__ == "__main__":
    main()
