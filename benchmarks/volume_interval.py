"""How often the real volume of a tumour lies in the interval that its reported diameter gives.

KiTS23 records the radiographic size (one diameter, cm) of each kidney tumour beside its segmentation (label 2). The
interval comes from the database's own macro and factors, so what is measured is what the trainer uses.

    python benchmarks/volume_interval.py PATH/TO/kits23      # cases.json, CASE/segmentation.nii.gz

Prints the share of tumours inside [lo, hi] and the ratio real / estimated volume. Patients with several tumours count
too: the record gives one size for all of them, as a hurried report would.
"""

import argparse
import json
import tempfile
from pathlib import Path

import nibabel as nib
import numpy as np
from reportsup.schemas.database import open_database

TUMOUR_LABEL = 2
BINS_CM = ((0.0, 2.0), (2.0, 4.0), (4.0, 7.0), (7.0, 99.0))


def measure(folder: Path) -> list[tuple[float, float]]:
    """(diameter in mm, real volume in mm³) of every case with a recorded size and a tumour."""
    pairs = []
    for case in json.loads((folder / "cases.json").read_text()):
        path = folder / case["case_id"] / "segmentation.nii.gz"
        if case.get("radiographic_size") and path.exists():
            image = nib.load(path)
            voxels = int(np.count_nonzero(np.asarray(image.dataobj) == TUMOUR_LABEL))
            if voxels:
                volume_mm3 = voxels * abs(float(np.linalg.det(image.affine[:3, :3])))
                pairs.append((10 * float(case["radiographic_size"]), volume_mm3))
    return pairs


def estimate(diameters_mm: list[float]) -> list[tuple[float, float, float]]:
    """(lo, estimate, hi) in mm³ for each diameter, as `v_lesions` computes them for an exact size."""
    with tempfile.TemporaryDirectory() as folder, open_database(Path(folder) / "x.duckdb") as connection:
        return connection.execute(
            "SELECT v * lo, v, v * hi FROM (SELECT lesion_volume_mm3([unnest(?::DOUBLE[])]) AS v), "
            "volume_interval_factors WHERE n_diameters = 1",
            [diameters_mm],
        ).fetchall()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kits23", type=Path)
    pairs = measure(parser.parse_args().kits23)
    intervals = estimate([diameter for diameter, _ in pairs])
    rows = [(d, real, *interval) for (d, real), interval in zip(pairs, intervals, strict=True)]
    ratio = np.array([real / volume for _, real, _, volume, _ in rows])
    inside = np.array([lo <= real <= hi for _, real, lo, _, hi in rows])
    first, median, third = np.percentile(ratio, (25, 50, 75))
    print(f"{len(rows)} tumours, real / estimated volume: median {median:.2f}, quartiles {first:.2f} and {third:.2f}")
    print(f"inside [lo, hi]: {inside.mean():.1%} (below {np.mean([r[1] < r[2] for r in rows]):.1%}, ", end="")
    print(f"above {np.mean([r[1] > r[4] for r in rows]):.1%})")
    for low, high in BINS_CM:
        chosen = np.array([low <= d / 10 < high for d, *_ in rows])
        if chosen.any():
            print(f"  {low:g}–{high:g} cm: {inside[chosen].mean():.1%} of {chosen.sum()}")


if __name__ == "__main__":
    main()
