"""What both of R-Super's tables share: names, and a text with the findings that quote it."""

import json
import re
from dataclasses import dataclass, field
from typing import Any

ID, BDMAP, NO_LESION = "Encrypted Accession Number", "BDMAP ID", "no lesion"

# Its organs that are parts of ours; what is neither is `other`.
_ORGANS = {
    "small intestine": "small_bowel", "jejunum": "small_bowel", "rectum": "colon", "anus": "colon", "appendix": "colon",
    "testicle": "testis", "adnexa": "ovary", "cervix": "uterus", "endometrium": "uterus", "mesentery": "peritoneum",
    "omentum": "peritoneum", "retroperitoneum": "peritoneum", "rib": "bone", "spine": "bone", "sternum": "bone",
    "iliac bone": "bone", "vertebra": "bone", "muscle": "soft_tissue", "skin": "soft_tissue",
    "subcutaneous tissue": "soft_tissue", "abdominal wall": "soft_tissue",
}  # fmt: skip
_SIDED = ("kidney", "adrenal_gland", "ovary")


@dataclass
class Told:
    """Lines of a table as a text, and findings whose quotes stand in it.

    Attributes:
        findings: values for `Finding`. impossible: reason and JSON of cells that can be no finding.
    """

    lines: list[str] = field(default_factory=list)
    findings: list[dict[str, Any]] = field(default_factory=list)
    impossible: list[tuple[str, str]] = field(default_factory=list)
    length: int = 0

    @property
    def text(self) -> str:
        """The lines as a report's text."""
        return "\n".join(self.lines)

    def add(self, line: str) -> dict[str, Any]:
        """Append a line; its place as a quote."""
        quote = {"start": self.length, "end": self.length + len(line), "text": line}
        self.lines.append(line)
        self.length += len(line) + 1
        return quote

    def find(self, organ: str, place: dict[str, Any], quote: dict[str, Any], **values: Any) -> None:
        """Append a finding that rests on a quote."""
        self.findings.append({"organ": organ, **place, **values, "anchor": quote, "evidence": (quote,)})

    def refuse(self, reason: str, organ: str, quote: dict[str, Any]) -> None:
        """Append a finding that cannot be."""
        told = {"organ": organ, "quotes": [quote["text"]]}
        self.impossible.append((reason, json.dumps(told, ensure_ascii=False)))


def organ_named(name: str) -> str:
    """Our organ of one of R-Super's names.

    >>> organ_named("Adrenal Gland"), organ_named("rib"), organ_named("aorta")
    ('adrenal_gland', 'bone', 'other')
    """
    from ...schemas import Organ

    folded = name.strip().lower()
    ours = _ORGANS.get(folded, folded.replace(" ", "_"))
    return ours if ours in {str(organ) for organ in Organ} else "other"


def place_named(organ: str, said: str) -> dict[str, Any]:
    """Side and parts of a "Standardized Location"; what it does not know of the organ is left out.

    >>> place_named("liver", "segment 5 / 6"), place_named("kidney", "left / right")
    ({'location': ('segment 5', 'segment 6')}, {'laterality': 'bilateral'})
    """
    words = [w.strip().lower() for w in said.split("/") if w.strip() and w.strip().lower() != "u"]
    if organ in _SIDED:
        sides = [w for w in ("left", "right") if w in words]
        return {"laterality": sides[0] if len(sides) == 1 else "bilateral"} if sides else {}
    if organ == "liver":
        numbers = [n for word in words for n in re.findall(r"\b[1-8]\b", word)]
        return {"location": tuple(f"segment {n}" for n in dict.fromkeys(numbers))} if numbers else {}
    if organ == "pancreas":
        parts = tuple(w for w in words if w in ("head", "body", "tail", "neck", "uncinate"))
        return {"location": parts} if parts else {}
    return {}
