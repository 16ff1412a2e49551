"""The anatomy table: organs, their parts, codes, and the masks that segmenters draw of them.

`anatomy.toml` is the single source; this module only reads it and resolves a place in a report to masks.
"""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from .errors import ConfigError


@dataclass(frozen=True)
class OrganEntry:
    """One organ of the table.

    Attributes:
        masks: mask names whose union is the organ, e.g. ("liver",) or ("kidney_left", "kidney_right").
        sides: side → mask names; empty for unpaired organs.
        locations: the closed list of sub-locations; empty = the report's own noun phrase.
        parts: sub-location → mask names whose union is the part; `{side}` stands for left/right.
        lesion_masks: names under which datasets ship the lesion masks of the organ, canonical first.
    """

    name: str
    label: str
    snomed_ct: str
    target: bool
    masks: tuple[str, ...]
    sides: dict[str, tuple[str, ...]]
    locations: frozenset[str]
    parts: dict[str, tuple[str, ...]]
    lesion_masks: tuple[str, ...]

    @property
    def paired(self) -> bool:
        """Whether the organ has a left and a right."""
        return bool(self.sides)


@dataclass(frozen=True)
class Anatomy:
    """The parsed table."""

    organs: dict[str, OrganEntry]
    mask_aliases: dict[str, str]

    def organ(self, name: str) -> OrganEntry:
        """Entry of an organ.

        Raises:
            ConfigError: for a name outside the table.
        """
        try:
            return self.organs[str(name)]
        except KeyError:
            known = ", ".join(self.organs)
            raise ConfigError(f"organ: '{name}' vs one of {known}. Use a name of schemas/anatomy.toml.") from None

    def canonical_mask(self, name: str) -> str:
        """Canonical spelling of a mask name (case, spaces and dialects such as VISTA3D's are folded)."""
        key = name.strip().lower().replace(" ", "_").replace("-", "_")
        return self.mask_aliases.get(key, key)

    def lesion_organ(self, mask_name: str) -> str | None:
        """Organ whose lesions a mask shows ("pancreatic_lesion" → "pancreas"), None for an organ mask."""
        canonical = self.canonical_mask(mask_name)
        return next((o.name for o in self.organs.values() if canonical in o.lesion_masks), None)

    def regions(
        self, organ: str, laterality: str | None, location: tuple[str, ...] | list[str]
    ) -> list[frozenset[str]]:
        """Sets of mask names that hold a lesion, finest first, the whole organ last.

        Each set is a union. A caller takes the first one whose masks it has all of; an empty list means that no
        segmenter draws the organ.

        Args:
            organ: a name of the table.
            laterality: "left", "right", "bilateral" or None.
            location: sub-locations as in a finding; all must resolve for the finest level to be used.
        """
        entry = self.organ(organ)
        sides = [laterality] if laterality in ("left", "right") else ["left", "right"]
        levels: list[frozenset[str]] = []
        if location and all(place in entry.parts for place in location):
            masks = [m for place in location for m in entry.parts[place]]
            expanded = {m.format(side=s) for m in masks for s in sides}
            levels.append(frozenset(expanded))
        if laterality in entry.sides:
            levels.append(frozenset(entry.sides[str(laterality)]))
        if entry.masks:
            levels.append(frozenset(entry.masks))
            if entry.sides:
                levels.append(frozenset({entry.name}))
        return list(dict.fromkeys(levels))


@cache
def load_anatomy() -> Anatomy:
    """The anatomy table that ships with reportsup."""
    raw = tomllib.loads((files(__package__) / "anatomy.toml").read_text(encoding="utf-8"))
    organs = {name: _entry(name, row) for name, row in raw["organs"].items()}
    return Anatomy(organs=organs, mask_aliases=dict(raw["mask_aliases"]))


def _entry(name: str, row: dict) -> OrganEntry:
    sides = {side: tuple(masks) for side, masks in row.get("sides", {}).items()}
    masks = tuple(row.get("masks", ())) or tuple(m for side in sides.values() for m in side)
    return OrganEntry(
        name=name,
        label=row["label"],
        snomed_ct=row["snomed_ct"],
        target=row.get("target", False),
        masks=masks,
        sides=sides,
        locations=frozenset(row.get("locations", ())),
        parts={place: tuple(m) for place, m in row.get("parts", {}).items()},
        lesion_masks=tuple(row.get("lesion_masks", (f"{name}_lesion",))),
    )
