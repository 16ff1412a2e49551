"""What is measured: each figure as a ratio of sums of counts (tally.py), and the organs it is taken over."""

from typing import NamedTuple

from ...schemas import load_anatomy
from .tally import FIELDS, ORGANS, UNKNOWN_ORGAN, WHOLE_REPORT


class Ratio(NamedTuple):
    """Sums of counts over each other; a name that stands twice counts twice."""

    numerator: tuple[str, ...]
    denominator: tuple[str, ...]


def _named(prefix: str, ratios: dict[str, Ratio]) -> dict[str, Ratio]:
    return {f"{prefix}.{name}": ratio for name, ratio in ratios.items()}


DETECTION = {
    "precision": Ratio(("matched",), ("predicted",)),
    "recall": Ratio(("matched",), ("gold",)),
    "f1": Ratio(("matched", "matched"), ("gold", "predicted")),
}
JOINT = {
    "joint.precision": Ratio(("joint_hits",), ("predicted",)),
    "joint.recall": Ratio(("joint_hits",), ("gold",)),
    "joint.f1": Ratio(("joint_hits", "joint_hits"), ("gold", "predicted")),
    "rows_right": Ratio(("rows_right",), ("rows",)),
}
PRESENCE = {
    "presence.sensitivity": Ratio(("present_both",), ("present_gold",)),
    "presence.specificity": Ratio(("absent_both",), ("absent_gold",)),
    "presence.specificity_negated": Ratio(("negated_absent",), ("negated",)),
    "presence.precision": Ratio(("present_both",), ("present_predicted",)),
    "presence.f1": Ratio(("present_both", "present_both"), ("present_gold", "present_predicted")),
}
SIZES = {
    "sizes.correct": Ratio(("sizes_current",), ("sizes",)),
    "sizes.prior_as_current": Ratio(("sizes_prior",), ("sizes",)),
    "sizes.wrong": Ratio(("sizes_neither",), ("sizes",)),
}
NEGATIVES = {
    "negatives.precision": Ratio(("negative_both",), ("negative_predicted",)),
    "negatives.recall": Ratio(("negative_both",), ("negative_gold",)),
    "negatives.f1": Ratio(("negative_both", "negative_both"), ("negative_gold", "negative_predicted")),
    "negatives.contradict_a_finding": Ratio(("negative_contradicted",), ("negative_predicted",)),
}
# Share of matched findings whose field is right.
BY_FIELD = {name: Ratio((f"{name}_right",), (f"{name}_compared",)) for name in FIELDS}

TARGET, EVERY_ORGAN, REPORT = "target organs", "all organs", "report"
# Of a whole set: which organs, and what.
OF_A_SET = (
    (TARGET, {**_named("target", DETECTION), **JOINT}),
    (REPORT, {"reports_right": Ratio(("reports_right",), ("reports",))}),
    (TARGET, {**PRESENCE, **SIZES, **NEGATIVES}),
    (EVERY_ORGAN, {**_named("findings", DETECTION), "evidence_verbatim": Ratio(("quotes_verbatim",), ("quotes",))}),
)
OF_AN_ORGAN = {**DETECTION, **JOINT, **PRESENCE}


def target_organs() -> tuple[str, ...]:
    """The organs whose lesions report supervision trains on (schemas/anatomy.toml)."""
    return tuple(organ for organ, entry in load_anatomy().organs.items() if entry.target)


def slots_of(scope: str) -> tuple[str, ...]:
    """Where the counts of a scope are: a scope of this module, or one organ."""
    if scope == TARGET:
        return target_organs()
    return {EVERY_ORGAN: (*ORGANS, UNKNOWN_ORGAN), REPORT: (WHOLE_REPORT,)}.get(scope, (scope,))
