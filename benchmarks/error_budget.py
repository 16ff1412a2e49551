"""Why findings are missed, and why some are found that are none: by the stage of reading that went wrong.

usage: python benchmarks/error_budget.py GOLD GOLD [...] [--parts N] [--weights FOLDER] [--json]

Each set is read by weights of the others; with --parts, of those in other parts. FOLDER: `left_out/` of what
`train-reader GOLD... --evaluate --out` wrote for the same parts, by the same code; without it they are trained here.
Only target organs are counted.
"""

import argparse
import json
from collections import Counter
from pathlib import Path

from reportsup.nlp.alignment import overlaps, speaks_of, tells
from reportsup.nlp.decide.resolve import DROP, SUMMARY
from reportsup.nlp.reader import Reader, Reading
from reportsup.nlp.rule_files import load_rules
from reportsup.pipelines.reader_training import AnnotatedReport, AnnotatedSet, annotated_sets, left_out_weights
from reportsup.pipelines.reader_training.predictions import predicted_of
from reportsup.pipelines.scoring.matching import match
from reportsup.pipelines.scoring.measures import target_organs

MISSED = {
    "size_not_recognised": "its size was not recognised",
    "size_other_role": "its size was taken for a prior one or none of a lesion",
    "no_mention": "no mention in its quotes",
    "wrong_organ": "a mention of it has another organ",
    "dropped": "its mentions were dropped",
    "summed_up": "its mentions were taken for words of several lesions",
    "wrong_side": "found on another side",
    "linked_elsewhere": "found with another lesion, or with another size",
}
SPURIOUS = {
    "nothing_annotated": "no annotated finding there",
    "counted_twice": "an annotated finding that was found already",
    "wrong_attribute": "an annotated finding with another organ, side or size",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--parts", type=int, metavar="N")
    parser.add_argument("--weights", type=Path, metavar="FOLDER")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    rules, sets = load_rules(), annotated_sets(arguments.files)
    weights = left_out_weights(sets, rules, parts=arguments.parts, kept_in=arguments.weights)
    budgets = {part.name: budget(Reader(rules, weights[part.name]), part) for part in sets}
    if arguments.json:
        print(json.dumps(budgets))
        return
    _print(budgets)


def budget(reader: Reader, part: AnnotatedSet) -> Counter[str]:
    """How many findings of a set are annotated, found, missed and spurious, and why."""
    counts: Counter[str] = Counter()
    organs = frozenset(target_organs())
    for report in part.reports:
        reading = reader.read(report.text)
        found = predicted_of(reading, report).record.findings
        pairs = match(report.record.findings, found)
        hits, used = {i for i, _ in pairs}, {j for _, j in pairs}
        about = [speaks_of(located.mention, report.gold) for located in reading.located]
        for number, finding in enumerate(report.gold.findings):
            if finding["organ"] in organs:
                counts["annotated"] += 1
                counts["found" if number in hits else why_missed(reading, report, about, number)] += 1
        for number, one in enumerate(found):
            if one.organ in organs and number not in used:
                counts[why_spurious(reading, about, number, hits)] += 1
    return counts


def why_missed(reading: Reading, report: AnnotatedReport, about: list[list[int]], number: int) -> str:
    """The first stage at which a finding was lost; `about`: per mention the numbers of the findings it speaks of."""
    finding = report.gold.findings[number]
    mentions = [k for k, told in enumerate(about) if number in told]
    sized = [k for k in mentions if reading.located[k].mention.size]
    if finding["sizes_mm"] and not sized:
        recognised = any(
            overlaps(report.gold.spans[number], size.start, size.end) and tells(size, finding["sizes_mm"])
            for sentence in reading.sentences
            for size in sentence.sizes
        )
        return "size_other_role" if recognised else "size_not_recognised"
    if not mentions:
        return "no_mention"
    mentions = sized or mentions
    placed = [k for k in mentions if reading.located[k].organ == finding["organ"]]
    if not placed:
        return "wrong_organ"
    actions = {reading.actions[k] for k in placed}
    if actions <= {DROP, SUMMARY}:
        return "dropped" if DROP in actions else "summed_up"
    sides = {reading.located[k].side for k in placed} - {None}
    if finding["laterality"] and sides and finding["laterality"] not in sides:
        return "wrong_side"
    return "linked_elsewhere"


def why_spurious(reading: Reading, about: list[list[int]], number: int, hits: set[int]) -> str:
    """What a finding that matches no annotated one was read from."""
    told = {n for located in reading.clusters[number].mentions for n in about[located.mention.index]}
    if not told:
        return "nothing_annotated"
    return "counted_twice" if told & hits else "wrong_attribute"


def _print(budgets: dict[str, Counter[str]]) -> None:
    total = sum(budgets.values(), Counter())
    for title, reasons in (("missed", MISSED), ("spurious", SPURIOUS)):
        n = sum(total[name] for name in reasons)
        share = f" of {total['annotated']:,} annotated" if title == "missed" else ""
        print(f"\n{title}: {n:,}{share}")
        print(f"{'':56}{'all':>6}{'share':>7}" + "".join(f"{name[-14:]:>16}" for name in budgets))
        for name, words in reasons.items():
            cells = "".join(f"{one[name]:16}" for one in budgets.values())
            print(f"{words:56}{total[name]:6}{total[name] / max(n, 1):7.0%}{cells}")


if __name__ == "__main__":
    main()
