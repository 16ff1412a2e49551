"""A row of R-Super's per-CT table: how many lesions an organ has, and how large the largest is, in cm."""

import math
from collections.abc import Mapping
from typing import Any

from ..reading import as_id
from .rsuper_values import NO_LESION, Told, organ_named, place_named

CT_COLUMN = "number of liver lesion instances"
_ORGANS = (
    "liver", "pancreatic", "kidney", "colon", "esophagus", "uterus", "spleen", "pelvis", "adrenal gland", "bladder",
    "gallbladder", "breast", "stomach", "lung", "bone", "prostate", "duodenum",
)  # fmt: skip
_PLACES = {"liver": " (1-8)", "pancreatic": " (head, body, tail)", "kidney": " (left, right)"}


def read_ct(cells: Mapping[str, Any]) -> Told:
    """The lesions of a CT; a group of an organ is one finding with its number and its largest diameter."""
    told = Told()
    none = as_id(cells.get(NO_LESION)) in ("1", "1.0", "True", "true")
    for name in _ORGANS:
        _read_organ(told, name, cells, none)
    if not told.lines:
        quote = told.add(f"{NO_LESION}: {int(none)}")
        if not none:  # a lesion in an organ that the table has no column for
            told.find("other", {}, quote)
    return told


def _read_organ(told: Told, name: str, cells: Mapping[str, Any], none: bool) -> None:
    counted, sized = f"number of {name} lesion instances", f"largest {name} lesion diameter (cm)"
    place_column = f"largest {name} lesion location{_PLACES.get(name, '')}"
    said_count, said_size, said_place = (as_id(cells.get(column)) for column in (counted, sized, place_column))
    count, size_cm = _number(said_count), _number(said_size)
    if not count and not size_cm and count is not None and size_cm is not None:
        return
    organ = organ_named("pancreas" if name == "pancreatic" else name)
    parts = [f"{counted}: {said_count or 'none'}"]
    parts += [f"{sized}: {said_size}"] if said_size else []
    parts += [f"{place_column}: {said_place}"] if said_place else []
    quote = told.add("; ".join(parts))
    wrong = _contradiction(count, size_cm, none)
    if wrong:
        told.refuse(wrong, organ, quote)
        return
    assert count is not None
    sizes = ({"diameters_mm": (round(10 * size_cm, 6),), "source": quote},) if size_cm else ()
    bound = "exact" if sizes else None
    place = place_named(organ, said_place)
    told.find(organ, place, quote, count=int(count), count_min=int(count), sizes=sizes, size_bound=bound)


def _contradiction(count: float | None, size_cm: float | None, none: bool) -> str | None:
    if count is None or count != int(count) or count < 0:
        return "the number of lesions is no whole number"
    if size_cm is None:
        return "the diameter is no number"
    if not count:
        return "a diameter, and no lesion"
    return "lesions, and 'no lesion'" if none else None


def _number(said: str) -> float | None:
    """A cell as a number, 0 for an empty one, None for what is none."""
    try:
        number = float(said or 0)
    except ValueError:
        return None
    return (0.0 if math.isnan(number) else number) if not math.isinf(number) else None
