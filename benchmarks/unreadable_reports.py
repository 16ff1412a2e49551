"""How many reports are called unreadable: English ones (should be 0), and the originals of translated ones (all).

usage: python benchmarks/unreadable_reports.py FOLDER [FOLDER …]

Every *.jsonl of a folder holds {"text", …} a line; `meta.original` is the report before its translation to English.
Originals are also read with their translation below, as bilingual reports: they should be read in part.
"""

import argparse
import json
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from reportsup.nlp.language import readability


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folders", type=Path, nargs="+")
    print(f"{'texts':44}{'n':>6}{'read':>6}{'partly':>8}{'unreadable':>12}{'/s':>7}  why")
    for folder in parser.parse_args().folders:
        for path in sorted(folder.glob("*.jsonl")):
            measure_file(path)


def measure_file(path: Path) -> None:
    """Print the rows of one file."""
    records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    records = [record for record in records if "text" in record]
    if records:
        measure(path.stem, [record["text"] for record in records])
    translated = [record for record in records if (record.get("meta") or {}).get("original")]
    if translated:
        measure(f"{path.stem}: originals", [record["meta"]["original"] for record in translated])
        measure(f"{path.stem}: both", [f"{r['meta']['original']}\n\n{r['text']}" for r in translated])


def measure(name: str, texts: Sequence[str]) -> None:
    """Print how the texts of one kind are judged."""
    readability("")  # loads the words
    started = time.perf_counter()
    found = [readability(text) for text in texts]
    rate = len(texts) / (time.perf_counter() - started)
    why = Counter(one.unreadable for one in found if one.unreadable)
    partly, unreadable = sum(one.partly for one in found), why.total()
    reasons = ", ".join(f"{reason} {n}" for reason, n in why.most_common())
    read = len(texts) - partly - unreadable
    print(f"{name:44}{len(texts):6}{read:6}{partly:8}{unreadable:12}{rate:7.0f}  {reasons}")


if __name__ == "__main__":
    main()
