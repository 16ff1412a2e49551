"""A finding in one line for people."""

from collections.abc import Mapping, Sequence
from typing import Any


def sizes_text(sizes_mm: Sequence[Sequence[float]], size_bound: str | None = None) -> str:
    """Sizes with their unit, "" for none.

    >>> sizes_text([[23.0, 14.0], [8.0]], "upper")
    '≤ 23×14, 8 mm'
    """
    sign = {"upper": "≤ ", "lower": "≥ "}.get(size_bound or "", "")
    told = ", ".join("×".join(f"{d:g}" for d in diameters) for diameters in sizes_mm)
    return f"{sign}{told} mm" if told else ""


def finding_line(finding: Mapping[str, Any]) -> str:
    """What a finding says, fields that it leaves open aside.

    Args:
        finding: by the columns of `v_findings`.
    """
    number = str(finding["count"]) if finding["count"] is not None else f"≥{finding['count_min']}"
    prior = sizes_text(finding["prior_sizes_mm"])
    parts = [
        finding["laterality"],
        finding["organ"].replace("_", " "),
        "/".join(finding["location"]),
        finding["lesion_type"],
        f"n {number}",
        sizes_text(finding["sizes_mm"], finding["size_bound"]),
        prior and f"earlier {prior}",
        finding["attenuation"],
        finding["image_reference"],
        "possible" if finding["certainty"] == "possible" else "",
        "corrected" if finding["corrected"] else "",
        "" if finding["confidence"] is None else f"sure {finding['confidence']:.2f}",
    ]
    return " · ".join(part for part in parts if part)
