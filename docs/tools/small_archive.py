"""A small archive of synthetic CTs and their reports, for the documentation's commands on volumes.

    python docs/tools/small_archive.py FOLDER

writes into FOLDER what `reportsup demo` makes, of 14 cases, and beside it reports.csv and a reportsup.toml for seconds.
"""

import re
import shutil
import sys
from dataclasses import replace
from pathlib import Path

from reportsup.pipelines.demo import SHORT, DemoFolder, make_dataset

_STEPS = {"mask_steps": 2, "report_steps": 2, "validate_every": 4, "checkpoint_every": 2, "log_every": 1}


class _Here(DemoFolder):
    """A demo whose data lies in its folder itself."""

    @property
    def data(self) -> Path:
        """The synthetic dataset."""
        return self.path


def main(folder: Path) -> None:
    """Write all of it."""
    make_dataset(_Here(folder), replace(SHORT, masked=4, reported=4, validation=2, test=2), seed=0, workers=1)
    shutil.copy(folder / "reports.csv", folder.parent / "reports.csv")
    settings = SHORT.settings_text()
    for key, value in _STEPS.items():
        settings = re.sub(rf"^{key} = .*$", f"{key} = {value}", settings, flags=re.M)
    (folder.parent / "reportsup.toml").write_text(settings, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
