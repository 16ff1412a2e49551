"""Does the ball lie on the lesion that its report describes, once stage 1 has seen the few masks?

Training cases alone, by the masks that the dataset keeps hidden from training. Where stage 1 has not learned an organ,
the balls lie elsewhere and reports teach the wrong voxels: this says what stage 2 can start from.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from arms import SETTINGS
from data import ANNOTATED, ORGANS, database
from reportsup.schemas.atomic import write_text

sys.path.append(str(Path(__file__).parents[1]))
from ball_centres import placed_lesions  # the same question of the demo's data

NAME = "ball centres after stage 1.json"
SIZES_MM = (("< 15 mm", 0.0, 15.0), ("≥ 15 mm", 15.0, np.inf))
DRAWS = 240


@dataclass(frozen=True)
class _Folder:
    path: Path
    data: Path
    database: Path
    settings: Path = SETTINGS


def judge_balls(work: Path, results: Path, seed: int) -> str:
    """Write down, of stage 1 of a seed, organ → size → [balls on their lesion, balls]; a line that says so."""
    known = read_balls(results)
    if str(seed) in known:
        return f"ball centres, seed {seed}: were there"
    folder = _Folder(work, work / "dataset", database(work, ANNOTATED))
    only_reports = ["report_share=1.0", "positive_share=1.0"]
    rows = list(placed_lesions(folder, work / "runs" / f"stage 1, seed {seed}", DRAWS, only_reports))
    known[str(seed)] = {
        organ: {
            name: [sum(hits), len(hits)]
            for name, low, high in SIZES_MM
            if (hits := [bool(hit) for o, diameter_mm, hit in rows if o == organ and low <= diameter_mm < high])
        }
        for organ in ORGANS
    }
    write_text(results / NAME, json.dumps(known, indent=1) + "\n")
    return f"ball centres, seed {seed}: found"


def read_balls(results: Path) -> dict[str, dict[str, dict[str, list[int]]]]:
    """Seed → what `judge_balls` has found."""
    path = results / NAME
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
