"""How large a demo is: which patients are made, and the training settings."""

from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any


@dataclass(frozen=True)
class DemoPlan:
    """One demo.

    Attributes:
        settings: file beside this module with the training configuration.
        organs: which have lesions.
        masked: training cases with lesion masks, all from scanner A.
        reported: training cases with a report alone, a third of them from scanner B.
        validation: cases that choose weights and operating points, half from each scanner.
        test: unseen cases from each of the two scanners.
        smallest_mm: see `segmentation.synthetic.lesions.place_lesions`.
        minutes: on two idle cores, in words.
    """

    settings: str
    organs: tuple[str, ...]
    masked: int
    reported: int
    validation: int
    test: int
    smallest_mm: float | None
    minutes: str

    def settings_text(self) -> str:
        """The training configuration as TOML."""
        return resources.files(__package__).joinpath(self.settings).read_text(encoding="utf-8")

    def patients(self) -> dict[str, Any]:
        """What decides which patients are made."""
        return {name: value for name, value in asdict(self).items() if name not in ("settings", "minutes")}


SHORT = DemoPlan(
    settings="short.toml",
    organs=("liver", "kidney"),
    masked=4,
    reported=80,
    validation=24,
    test=24,
    smallest_mm=None,
    minutes="three minutes",
)
FULL = DemoPlan(
    settings="full.toml",
    organs=("liver", "kidney", "pancreas"),
    masked=8,
    reported=200,
    validation=60,
    test=60,
    smallest_mm=6.0,
    minutes="a quarter of an hour",
)
