"""The arms of the proof: what each trains on and with, and the settings between which validation chooses."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from data import ANNOTATED, AS_READ, WRONG
from reportsup.segmentation.training.config import TrainingConfig, build_config, read_table
from reportsup.segmentation.training.recipes import RECIPES

SETTINGS = Path(__file__).with_name("settings.toml")


@dataclass(frozen=True)
class Arm:
    """One way to go on from the few masks of stage 1.

    Attributes:
        settings: over those of `settings.toml`; a recipe's own values win over these common ones.
        candidates: name → further settings; the best of them on validation, with seed 0, is the arm.
        database: name of the database in `data.DATABASES`.
        like: the arm whose choice on validation this one takes, in place of candidates of its own.
    """

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    candidates: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    database: str = AS_READ
    like: str | None = None


def _rates(*rates: float, **settings: Any) -> dict[str, dict[str, Any]]:
    return {f"rate {rate:g}": {"report_learning_rate": rate, **settings} for rate in rates}


MASKS, REPORTS, PUBLISHED = "masks", "masks + reports", "published recipe"
# The published cross-entropy weighs lesions less than `settings.toml`, and report terms more: it may have either.
_PLAIN = {"cross_entropy_weight": 1.0, "positive_weight": 1.0}
ARMS: tuple[Arm, ...] = (
    Arm(MASKS, {"use_reports": False}, _rates(4e-3, 1.2e-3)),
    Arm(REPORTS, {}, _rates(4e-3, 1.2e-3), database=ANNOTATED),
    Arm(
        PUBLISHED,
        {"recipe": "reference"},
        {
            **{f"{name}, plain loss": value for name, value in _rates(4e-3, 6e-4, **_PLAIN).items()},
            "rate 0.004, weighted loss": {"report_learning_rate": 4e-3},
        },
        database=ANNOTATED,
    ),
    # As many mask crops as `masks + reports` sees: half of the steps.
    Arm("masks, equal mask crops", {"use_reports": False, "share_of_steps": 0.5}, like=MASKS),
    Arm("volume loss alone", {"ball_weight": 0.0}, database=ANNOTATED, like=REPORTS),
    Arm("ball loss alone", {"volume_weight": 0.0}, database=ANNOTATED, like=REPORTS),
    Arm("30 % of reports wrong", {}, database=WRONG, like=REPORTS),
    Arm("reports as the product reads them", {}, database=AS_READ, like=REPORTS),
)
BY_NAME: Mapping[str, Arm] = {arm.name: arm for arm in ARMS}


def configuration(arm: Arm, candidate: str | None, common: Mapping[str, Any]) -> TrainingConfig:
    """The configuration of an arm with one of its candidates; `common` as `common_settings` returns it."""
    own = dict(arm.settings)
    share = own.pop("share_of_steps", 1.0)
    recipe = RECIPES[own.get("recipe", "default")]
    choices = BY_NAME[arm.like].candidates if arm.like else arm.candidates
    values = {**common, **recipe, **own, **(choices[candidate] if candidate else {})}
    return build_config({**values, "mask_steps": 0, "report_steps": round(values["report_steps"] * share)})


def common_settings(**changes: Any) -> dict[str, Any]:
    """The settings that all arms share, changed by keyword."""
    return {**read_table(SETTINGS), **changes}
