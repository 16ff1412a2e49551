"""The rows of a CT in R-Super's per-tumour table, diameters in mm."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..reading import as_id
from .rsuper_values import NO_LESION, Told, organ_named, place_named

TUMOR_COLUMN = "Tumor Size (mm)"
_SIZE = re.compile(r"\d+(?:\.\d+)?(?:\s*[x×]\s*\d+(?:\.\d+)?)*")


def read_tumors(rows: Sequence[Mapping[str, Any]]) -> Told:
    """The lesions of a CT, one a row; "multiple" is a group of two and more."""
    told = Told()
    for cells in rows:
        organ_said = as_id(cells.get("Standardized Organ"))
        if as_id(cells.get(NO_LESION)).lower() in ("true", "1", "1.0") or not organ_said:
            told.add(f"{NO_LESION}: {as_id(cells.get(NO_LESION)) or 'True'}")
        else:
            _read_tumor(told, organ_said, cells)
    return told


def _read_tumor(told: Told, organ_said: str, cells: Mapping[str, Any]) -> None:
    organ = organ_named(organ_said)
    place_said, size_said = as_id(cells.get("Standardized Location")), as_id(cells.get(TUMOR_COLUMN))
    metastasis, malignancy = as_id(cells.get("metastasis")), as_id(cells.get("malignancy"))
    line = f"{organ_said}: location {place_said or 'u'}, size {size_said or 'u'} mm"
    line += f", metastasis {metastasis or 'u'}, malignancy {malignancy or 'u'}"
    quote = told.add(line)
    place = place_named(organ, place_said)
    several = size_said.lower() == "multiple"
    values: dict[str, Any] = {"count": None if several else 1, "count_min": 2 if several else 1}
    values["lesion_type"] = _lesion_type(metastasis, malignancy)
    if any(character.isdigit() for character in size_said):
        if not _SIZE.fullmatch(size_said):
            told.refuse("the size is no diameters in mm", organ, quote)
            return
        diameters = sorted((float(d) for d in re.findall(r"\d+(?:\.\d+)?", size_said)), reverse=True)
        start = quote["start"] + line.index(f"size {size_said}") + len("size ")
        source = {"start": start, "end": start + len(size_said), "text": size_said}
        values |= {"sizes": ({"diameters_mm": tuple(diameters[:3]), "source": source},), "size_bound": "exact"}
    told.find(organ, place, quote, **values)


def _lesion_type(metastasis: str, malignancy: str) -> str:
    if metastasis == "yes":
        return "metastasis"
    return {"yes": "malignant", "no": "benign"}.get(malignancy, "unspecified")
