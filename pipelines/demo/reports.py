"""Free-text reports for synthetic cases, and what each of them says as a truth to compare an extraction with."""

import csv
import json
import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...schemas.atomic import atomic

if TYPE_CHECKING:
    from ...segmentation.synthetic import DatasetCase, LesionRecord

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII")
COUNTS = {2: "two", 3: "three", 4: "four"}
SUBCENTIMETER_MM = 8.5
REPORT_COLUMNS = ("report_id", "patient_id", "modality", "exam", "study_date", "report_text")


@dataclass(frozen=True)
class Statement:
    """What one sentence of a report says about lesions.

    Attributes:
        lesions: indices of the records it speaks of.
        sizes_mm: written sizes as they read in mm; empty where none is written.
    """

    text: str
    organ: str
    lesions: tuple[int, ...]
    sizes_mm: tuple[tuple[float, ...], ...] = ()
    prior_mm: tuple[float, ...] = ()


@dataclass(frozen=True)
class DemoReport:
    """A report and the truth about its sentences."""

    text: str
    statements: tuple[Statement, ...]


def write_report(lesions: "Sequence[LesionRecord]", rng: np.random.Generator, sized: bool = True) -> str:
    """A CT report that mentions every lesion.

    Args:
        sized: False leaves out every size.
    """
    return compose_report(lesions, rng, sized=sized).text


def compose_report(
    lesions: "Sequence[LesionRecord]",
    rng: np.random.Generator,
    *,
    sized: bool = True,
    unsized_organs: Collection[str] = (),
) -> DemoReport:
    """A CT report with what each of its sentences says."""
    phrases = _phrases()
    statements = [
        _describe(lesions, group, rng, phrases, sized and lesions[group[0]].organ not in unsized_organs)
        for group in _groups(lesions, rng)
    ]
    text = _assemble(lesions, statements, rng, phrases)
    return DemoReport(text, tuple(statements))


def write_reports(
    folder: Path,
    cases: "Sequence[DatasetCase]",
    *,
    seed: int = 0,
    unsized_share: Mapping[str, float] | None = None,
    unsized_organs: Collection[str] = (),
) -> Path:
    """The path of `reports.csv` in `folder`, one report per case; `reports_truth.json` beside it holds what they say.

    Args:
        unsized_share: scanner → share of its reports that give no sizes, 0 to 1; scanners not named write every size.
        unsized_organs: organs whose lesions are never measured.
    """
    rng = np.random.default_rng(seed)
    shares = unsized_share or {}
    truth: dict[str, Any] = {}
    path = folder / "reports.csv"
    with atomic(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(REPORT_COLUMNS)
        for case in cases:
            sized = bool(rng.random() >= shares.get(case.plan.scanner, 0.0))
            report = compose_report(case.lesions, rng, sized=sized, unsized_organs=unsized_organs)
            report_id, patient_id = f"report_{case.plan.case_id}", f"patient_{case.plan.case_id}"
            date = np.datetime64("2024-01-01") + int(rng.integers(700))
            writer.writerow((report_id, patient_id, "CT", "CT abdomen with contrast", str(date), report.text))
            truth[report_id] = {
                "sized": sized and not any(lesion.organ in unsized_organs for lesion in case.lesions),
                "lesions": [asdict(lesion) for lesion in case.lesions],
                "statements": [asdict(statement) for statement in report.statements],
            }
    (folder / "reports_truth.json").write_text(json.dumps(truth, indent=1) + "\n", encoding="utf-8")
    return path


def _phrases() -> dict[str, Any]:
    return tomllib.loads(resources.files(__package__).joinpath("phrases.toml").read_text(encoding="utf-8"))


def _groups(lesions: "Sequence[LesionRecord]", rng: np.random.Generator) -> list[list[int]]:
    """Lesions that share a sentence: often those of one kind in one organ and side. Largest first."""
    order = sorted(range(len(lesions)), key=lambda i: -lesions[i].diameters_mm[0])
    groups: dict[tuple[Any, ...], list[int]] = {}
    for i in order:
        key = (lesions[i].organ, lesions[i].side, lesions[i].kind)
        groups.setdefault(key, []).append(i)
    joined = []
    for group in groups.values():
        together = len(group) > 1 and rng.random() < 0.6
        joined.extend([group] if together else [[i] for i in group])
    return joined


def _describe(
    lesions: "Sequence[LesionRecord]", group: list[int], rng: np.random.Generator, phrases: dict[str, Any], sized: bool
) -> Statement:
    """The sentence about a group, or about a single lesion."""
    first = lesions[group[0]]
    noun = _pick(rng, phrases["nouns"][f"{first.organ}/{first.kind}"])
    words = {"noun": noun, "Noun": _capital(noun), "place": _place(first, rng, phrases["places"])}
    if len(group) > 1:
        return _describe_group(lesions, group, words, rng, phrases, sized)
    if not sized:
        return Statement(_fill(rng, phrases["sentences"]["unsized"], words), first.organ, tuple(group))
    if first.diameters_mm[0] < SUBCENTIMETER_MM and rng.random() < 0.6:
        return Statement(_fill(rng, phrases["sentences"]["small"], words), first.organ, tuple(group))
    size_mm, words["size"] = _size(first.diameters_mm, rng)
    style = "sized"
    prior_mm: tuple[float, ...] = ()
    if rng.random() < 0.15:
        style = "prior"
        prior_mm, words["prior"] = _size([first.diameters_mm[0] * rng.uniform(0.6, 1.3)], rng)
    return Statement(_fill(rng, phrases["sentences"][style], words), first.organ, tuple(group), (size_mm,), prior_mm)


def _describe_group(
    lesions: "Sequence[LesionRecord]", group: list[int], words: dict[str, str], rng: np.random.Generator,
    phrases: dict[str, Any], sized: bool,
) -> Statement:  # fmt: skip
    first = lesions[group[0]]
    words = words | {
        "nouns": _plural(words["noun"]),
        "count": COUNTS[len(group)],
        "Count": _capital(COUNTS[len(group)]),
        "places": _places([lesions[i] for i in group], rng),
    }
    if not sized:
        return Statement(_fill(rng, phrases["sentences"]["group_unsized"], words), first.organ, tuple(group))
    size_mm, words["size"] = _size(first.diameters_mm, rng)
    return Statement(_fill(rng, phrases["sentences"]["group_sized"], words), first.organ, tuple(group), (size_mm,))


def _assemble(
    lesions: "Sequence[LesionRecord]", statements: list[Statement], rng: np.random.Generator, phrases: dict[str, Any]
) -> str:
    """Sections with or without organ headings, or one block of text."""
    style = rng.choice(["headings", "sections", "body"], p=[0.4, 0.4, 0.2])
    paragraphs = []
    for organ in ("liver", "pancreas", "kidney"):
        sentences = [s.text for s in statements if s.organ == organ]
        sentences += _negative(lesions, organ, rng, phrases["negative"])
        heading = {"liver": "LIVER", "pancreas": "PANCREAS", "kidney": "KIDNEYS"}[organ]
        paragraphs.append((f"{heading}: " if style == "headings" else "") + " ".join(sentences))
    count = int(rng.integers(2, 6))
    others = " ".join(rng.permutation(phrases["other"]["sentences"])[:count])
    paragraphs.append(f"OTHER: {others}" if style == "headings" else others)
    if style == "body":
        return " ".join(paragraphs)
    impression = _impression(lesions, rng, phrases)
    technique = _pick(rng, phrases["other"]["technique"])
    joiner = "\n" if style == "headings" else " "
    return f"TECHNIQUE: {technique}\n\nFINDINGS:\n{joiner.join(paragraphs)}\n\nIMPRESSION:\n{impression}"


def _impression(lesions: "Sequence[LesionRecord]", rng: np.random.Generator, phrases: dict[str, Any]) -> str:
    """The largest lesion again, without its size, or that there is none."""
    if not lesions:
        return _pick(rng, phrases["other"]["clean"])
    largest = max(lesions, key=lambda lesion: lesion.diameters_mm[0])
    noun = phrases["nouns"][f"{largest.organ}/{largest.kind}"][0]
    words = {"Noun": _capital(noun), "place": _place(largest, rng, phrases["places"])}
    return _fill(rng, phrases["sentences"]["impression"], words)


def _negative(
    lesions: "Sequence[LesionRecord]", organ: str, rng: np.random.Generator, texts: dict[str, Any]
) -> list[str]:
    """What is said of an organ, or of one kidney, that has no lesion."""
    here = [lesion for lesion in lesions if lesion.organ == organ]
    if not here:
        return [_pick(rng, texts[organ])]
    free = {"left", "right"} - {lesion.side for lesion in here} if organ == "kidney" else set()
    return [_pick(rng, texts[f"kidney_{side}"]) for side in sorted(free, key=str)]


def _place(lesion: "LesionRecord", rng: np.random.Generator, places: dict[str, list[str]]) -> str:
    number = lesion.location.removeprefix("segment ")
    words = {
        "number": number,
        "roman": ROMAN[int(number) - 1] if number.isdigit() else "",
        "pole": {"interpolar": "interpolar region"}.get(lesion.location, lesion.location),
        "side": str(lesion.side),
        "part": lesion.location,
    }
    return _fill(rng, places[lesion.organ], words)


def _places(lesions: "Sequence[LesionRecord]", rng: np.random.Generator) -> str:
    """Where a group of one organ lies."""
    if lesions[0].organ == "kidney":
        return f"in the {lesions[0].side} kidney"
    if lesions[0].organ == "pancreas":
        parts = sorted({lesion.location for lesion in lesions})
        return f"in the pancreatic {_listed(parts)}"
    numbers = sorted({int(lesion.location[-1]) for lesion in lesions})
    roman = rng.random() < 0.5
    names = [ROMAN[number - 1] if roman else str(number) for number in numbers]
    return f"in segment{'s' if len(names) > 1 else ''} {_listed(names)}"


def _size(diameters_mm: Sequence[float], rng: np.random.Generator) -> tuple[tuple[float, ...], str]:
    """One to three diameters as a reader measures them: ±1 mm, whole millimetres, in mm or cm."""
    count = min(len(diameters_mm), int(rng.choice([1, 2, 3], p=[0.5, 0.35, 0.15])))
    measured = [max(3.0, float(np.rint(d + rng.normal(0, 0.7)))) for d in diameters_mm[:count]]
    values = tuple(sorted(measured, reverse=True))
    in_cm = rng.random() < 0.5
    texts = [f"{value / 10:.1f}" if in_cm else f"{value:.0f}" for value in values]
    return values, f"{' x '.join(texts)} {'cm' if in_cm else 'mm'}"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def _plural(noun: str) -> str:
    if noun.endswith("metastasis"):
        return noun.removesuffix("is") + "es"
    return f"{noun}es" if noun.endswith("s") else f"{noun}s"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _fill(rng: np.random.Generator, templates: Sequence[str], words: dict[str, str]) -> str:
    text = _pick(rng, templates).format_map(words)
    return re.sub(r"\b([Aa]) (?=[aeio]|8|11\b|18\b)", r"\1n ", text)


def _pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    return str(choices[int(rng.integers(len(choices)))])
