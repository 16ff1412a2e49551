"""How much of a gold set the text layer gives the reader: sizes, sections and sentences.

    python benchmarks/size_recall.py GOLD.jsonl REPORTS.jsonl [GOLD REPORTS …] [--show]

Per set: the share of the gold sizes (of organs with a mask) that a Size inside the finding's quotes yields, the same
for earlier sizes, the findings whose quotes all lie in a history or technique section, and the quotes that a sentence
ends within although no mark of an end stands there. `--show` prints what is missed; never use it on held-back sets.
"""

import json
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from reportsup.nlp.folding import fold
from reportsup.nlp.recognise.sizes import find_sizes
from reportsup.nlp.rule_files import load_rules
from reportsup.nlp.text.sections import find_blocks
from reportsup.nlp.text.sentences import find_sentences
from reportsup.nlp.text.tables import find_rows

ORGANS = {
    "liver", "pancreas", "kidney", "spleen", "adrenal_gland", "gallbladder", "bile_duct", "bladder", "ureter",
    "prostate", "uterus", "ovary", "colon", "small_bowel", "duodenum", "stomach", "esophagus",
}  # fmt: skip
UNREAD = {"indication", "history", "technique", "comparison", "exam"}


@dataclass
class Counts:
    """Found and total of each kind, and lines that tell of what is missed."""

    sizes: list[int] = field(default_factory=lambda: [0, 0])
    priors: list[int] = field(default_factory=lambda: [0, 0])
    hinted: list[int] = field(default_factory=lambda: [0, 0])  # gold priors whose Size says "prior"
    wrong_hint: int = 0  # gold current sizes that only a Size called prior, sum or not a lesion's gives
    readable: list[int] = field(default_factory=lambda: [0, 0])
    cut: list[int] = field(default_factory=lambda: [0, 0])
    proposed: int = 0
    characters: int = 0
    seconds: float = 0.0
    missed: list[str] = field(default_factory=list)


def main(arguments: list[str]) -> None:
    """Prints the figures of each pair of files."""
    paths = [Path(a) for a in arguments if not a.startswith("--")]
    for gold, reports in zip(paths[::2], paths[1::2], strict=True):
        counts = measure(_records(gold), _records(reports))
        print(
            f"{gold.name}: sizes {_share(counts.sizes)},"
            f" wrongly hinted {counts.wrong_hint}, prior {_share(counts.priors)}"
            f" (hinted {_share(counts.hinted)}), readable findings {_share(counts.readable)},"
            f" quotes cut {_share(counts.cut)}, {counts.proposed} sizes proposed,"
            f" {1000 * counts.seconds / max(1, counts.characters) * 1650:.2f} ms per 1,650 characters"
        )
        if "--show" in arguments:
            print("\n".join(counts.missed))


def measure(gold: list[dict[str, Any]], reports: list[dict[str, Any]]) -> Counts:
    """Counts over one set."""
    texts = {r["id"]: r["text"] for r in reports}
    headings = load_rules().headings
    counts = Counts()
    for record in gold:
        text = texts[record["id"]]
        started = time.process_time()
        folded = fold(text)
        blocks = find_blocks(text, folded, headings)
        sentences = [(b, s) for b in blocks for s in find_sentences(text, folded, b.start, b.end)]
        extra = {"rows": find_rows(text, folded)} if find_rows else {}
        sizes = [size for _, (a, b) in sentences for size in find_sizes(folded, a, b, **extra)]
        counts.seconds += time.process_time() - started
        counts.characters += len(text)
        counts.proposed += len(sizes)
        for finding in record["findings"]:
            if finding["organ"] in ORGANS:
                _judge(record["id"], finding, text, sizes, sentences, counts)
    return counts


def _judge(
    name: str, finding: dict[str, Any], text: str, sizes: list[Any], sentences: list[Any], counts: Counts
) -> None:
    quotes = [(a, a + len(q)) for q in finding["evidence"] for a in _occurrences(text, q)]
    near = [s for s in sizes if any(a < s.end and s.start < b for a, b in quotes)]
    beside = [
        s for s in sizes if any(x <= s.start < e and any(a < e and x < b for a, b in quotes) for _, (x, e) in sentences)
    ]  # earlier sizes are told in the quote's sentence, often not in the quote
    for key, tally in (("sizes_mm", counts.sizes), ("prior_sizes_mm", counts.priors)):
        for diameters in finding.get(key) or ():
            giving = [
                s for s in (near if key == "sizes_mm" else beside) if any(_same(diameters, mm) for mm in s.lesions_mm)
            ]
            tally[0] += bool(giving)
            tally[1] += 1
            if not giving:
                counts.missed.append(f"  {name} {key} {diameters} {finding['evidence']}")
            hints = {getattr(s, "hint", "") for s in giving}
            if giving and key == "sizes_mm" and not hints & {"", "current"}:
                counts.wrong_hint += 1
                counts.missed.append(f"  {name} hint {hints} {diameters} {finding['evidence']}")
            if key == "prior_sizes_mm":
                counts.hinted[0] += "prior" in hints
                counts.hinted[1] += 1
    spoken = [b.section.value for b, (a, e) in sentences if any(x < e and a < y for x, y in quotes)]
    counts.readable[1] += 1
    counts.readable[0] += any(s not in UNREAD for s in spoken)
    if not any(s not in UNREAD for s in spoken):
        counts.missed.append(f"  {name} section {set(spoken)} {finding['evidence']}")
    for a, b in quotes:
        counts.cut[1] += 1
        ends = [e for _, (s, e) in sentences if a < e < b]
        wrong = [e for e in ends if text[e - 1] not in ".;:?!" and "\n" not in text[e : e + 2] and text[a:e].strip()]
        counts.cut[0] += bool(wrong)
        counts.missed += [f"  {name} cut {text[a:e]!r} | {text[e:b]!r}" for e in wrong]


def _occurrences(text: str, quote: str) -> list[int]:
    places, at = [], text.find(quote)
    while at >= 0 and quote:
        places.append(at)
        at = text.find(quote, at + 1)
    return places


def _same(gold: list[float], read: tuple[float, ...]) -> bool:
    return len(gold) == len(read) and all(abs(a - b) < 0.06 for a, b in zip(sorted(gold), sorted(read), strict=True))


def _records(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def _share(pair: list[int]) -> str:
    return f"{pair[0]}/{pair[1]} ({pair[0] / pair[1]:.3f})" if pair[1] else "0/0"


if __name__ == "__main__":
    main(sys.argv[1:])
