"""What the proof must show, and whether it does."""

from collections.abc import Iterator
from dataclasses import dataclass

from arms import MASKS, PUBLISHED, REPORTS
from comparisons import Compared
from data import ORGANS

LOWER_BOUNDS = {"dsc": -0.02, "auc": -0.02, "froc": -0.02, "f1": -0.03}
LOW_F1, GAIN_OF_ORGAN, GAIN_OF_ALL = 0.90, 0.05, 0.12


@dataclass(frozen=True)
class Bar:
    """One thing to show: what is needed, what was found, and whether it was reached."""

    what: str
    needed: str
    found: str
    reached: bool

    @property
    def verdict(self) -> str:
        """As it stands in the table."""
        return "yes" if self.reached else "**no**"


def bars(compared: dict[tuple[str, str], dict[str, Compared]]) -> Iterator[Bar]:
    """The bars that the finished arms can tell of."""
    masks = compared[MASKS, REPORTS]
    for organ in ORGANS:
        d = masks[organ].differences
        lows = {name: _low(masks[organ], name) for name in LOWER_BOUNDS}
        yield Bar(
            f"reports never hurt: {organ}",
            "lower bounds: DSC, AUC, FROC > −.02, F1 > −.03",
            ", ".join(f"{name.upper()} {low:+.3f}" for name, low in lows.items()),
            all(lows[name] > bound for name, bound in LOWER_BOUNDS.items()),
        )
        before = d["f1"].a or 0.0
        if before <= LOW_F1:
            gain = d["f1"].difference or 0.0
            yield Bar(f"F1 of {organ}, {before:.2f} with masks alone", "+5 points", f"{100 * gain:+.1f}",
                      gain >= GAIN_OF_ORGAN)  # fmt: skip
    gain = masks["all organs"].differences["f1"].difference or 0.0
    yield Bar("F1 of all organs", "+12 points (goal 16)", f"{100 * gain:+.1f}", gain >= GAIN_OF_ALL)
    low = _low(masks["all organs, unseen scanner"], "f1")
    yield Bar("F1 on the unseen scanner", "lower bound > 0", f"{low:+.3f}", low > 0)
    if (PUBLISHED, REPORTS) in compared:
        published = compared[PUBLISHED, REPORTS]["all organs"]
        lows = {name: _low(published, name) for name in ("f1", "dsc")}
        found = ", ".join(f"{name.upper()} {low:+.3f}" for name, low in lows.items())
        yield Bar("against the published recipe, F1 and DSC", "lower bounds > 0", found, min(lows.values()) > 0)


def _low(compared: Compared, metric: str) -> float:
    low = compared.differences[metric].lo
    return float("-inf") if low is None else low
