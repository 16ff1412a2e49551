"""How many sizes that a report's summary tells differently the audit finds, and how many it lists unasked.

    python benchmarks/contradictions.py reports.jsonl

Of every lesion whose size a report tells twice, alike, the second telling is changed by half and more, one a report.
"""

import json
import re
import sys
import tempfile
from collections import Counter
from pathlib import Path

from reportsup.nlp.reader import Reading
from reportsup.nlp.reader_files import load_reader
from reportsup.nlp.retold import TOLERANCE_MM
from reportsup.nlp.spans import Mention
from reportsup.pipelines.backends import ExtractorSpec
from reportsup.pipelines.extraction import run_extraction
from reportsup.pipelines.reading import InputOptions, open_sources
from reportsup.schemas.database import open_database

_NUMBER = re.compile(r"\d+(?:\.\d+)?")


def told_twice(reading: Reading) -> list[Mention]:
    """The last mention of every lesion whose size stands in two sentences, alike."""
    found = []
    for draft in reading.drafts:
        sized = [x.mention for x in draft.cluster.mentions if x.mention.size]
        first, last = (sized[0], sized[-1]) if sized else (None, None)
        if first is None or last is None or first.sentence is last.sentence or not (first.size and last.size):
            continue
        if abs(max(first.size.lesions_mm[0]) - max(last.size.lesions_mm[0])) <= TOLERANCE_MM:
            found.append(last)
    return found


def changed(text: str, mention: Mention) -> str | None:
    """The text with another first number in the mention's size."""
    number = _NUMBER.search(text, mention.start, mention.end)
    if number is None:
        return None
    value = float(number.group()) * 1.6
    other = f"{value:.1f}" if "." in number.group() else f"{value + 1:.0f}"
    return text[: number.start()] + other + text[number.end() :]


def audited(texts: dict[str, str], folder: Path) -> set[str]:
    """The reports that the audit lists."""
    table, database = folder / "reports.jsonl", folder / "reports.duckdb"
    table.write_text("".join(json.dumps({"id": i, "text": t}) + "\n" for i, t in texts.items()), encoding="utf-8")
    run_extraction(open_sources([table], InputOptions()), database, ExtractorSpec())
    with open_database(database, read_only=True) as connection:
        rows = connection.execute("SELECT DISTINCT report_id FROM audit_section_contradictions").fetchall()
    return {row[0] for row in rows}


def main() -> None:
    """Print the figures of one file of reports."""
    texts = [json.loads(line)["text"] for line in Path(sys.argv[1]).read_text(encoding="utf-8").splitlines()]
    reader = load_reader().reader
    made: dict[str, str] = {}
    section: dict[str, str] = {}
    for i, text in enumerate(texts):
        for k, mention in enumerate(told_twice(reader.read(text))):
            other = changed(text, mention)
            if other is not None:
                made[f"{i}.{k}"], section[f"{i}.{k}"] = other, str(mention.sentence.section)
    with tempfile.TemporaryDirectory() as folder, tempfile.TemporaryDirectory() as other_folder:
        found = audited(made, Path(folder))
        unasked = audited({str(i): text for i, text in enumerate(texts)}, Path(other_folder))
    n = Counter(section.values())
    hits = Counter(section[i] for i in found)
    for name in sorted(n):
        print(f"changed where section is {name}: {hits[name]} of {n[name]} reports are listed")
    print(f"unchanged: {len(unasked)} of {len(texts)} reports are listed")


if __name__ == "__main__":
    main()
