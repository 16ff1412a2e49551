"""A small archive of synthetic CTs and their reports, so that the documentation's commands on volumes have something to run on.

    python docs/tools/small_archive.py FOLDER

writes FOLDER as `reportsup demo` does, with 14 cases, and beside it reports.csv and a reportsup.toml that trains for seconds.
"""

import re
import shutil
import sys
from importlib import resources
from pathlib import Path

from reportsup.pipelines.demo import LESION_ORGANS, SETTINGS_FILE
from reportsup.pipelines.demo_reports import write_reports
from reportsup.segmentation.synthetic import DatasetSize, write_dataset

_SIZE = DatasetSize(masked=4, reported=4, validation=2, test=2, external=2)
_STEPS = {
    "mask_steps": 2,
    "report_steps": 2,
    "validate_every": 4,
    "checkpoint_every": 2,
    "log_every": 1,
    "batch_size": 2,
}


def main(folder: Path) -> None:
    """Write all of it."""
    folder.mkdir(parents=True)
    cases = write_dataset(folder, size=_SIZE, seed=0, organs=LESION_ORGANS, workers=1)
    write_reports(folder, cases, seed=0)
    shutil.copy(folder / "reports.csv", folder.parent / "reports.csv")
    settings = resources.files("reportsup.pipelines").joinpath(SETTINGS_FILE).read_text(encoding="utf-8")
    for key, value in _STEPS.items():
        settings = re.sub(rf"^{key} = .*$", f"{key} = {value}", settings, flags=re.M)
    (folder.parent / "reportsup.toml").write_text(settings, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
