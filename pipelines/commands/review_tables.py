"""Review statistics on the terminal."""

from ..review.estimates import Share
from ..review.statistics import ALL, FIELDS, TOGETHER, ReviewStatistics
from .printing import print_table


def print_statistics(found: ReviewStatistics) -> None:
    """What the figures rest on, then findings by organ, then fields; at most 80 columns wide."""
    for line in basis(found):
        print(line)
    print()
    organs = dict.fromkeys(f.organ for f in found.figures if f.organ != ALL)
    by_size = sorted(organs, key=lambda o: (-max((s.n for s in found.of(o).values()), default=0), o))
    print_table(
        "Findings, with 95 % intervals",
        ("organ", "precision", "n", "recall", "n"),
        [_row(organ.replace("_", " "), found.of(organ)) for organ in (ALL, *by_size)],
    )
    print_table(
        "Their fields, where the finding is a lesion (precision: of stated values)",
        ("field", "precision", "n", "recall", "n"),
        [_row(name.replace("_", " "), found.of(ALL, name)) for name in (*FIELDS, TOGETHER)],
    )


def basis(found: ReviewStatistics) -> list[str]:
    """Sentences on what the figures rest on."""
    by = ", ".join(found.reviewers)
    if found.sample is None:
        lines = [
            f"{found.reports:,} reports reviewed to the end by {by}.",
            "They are no random sample: the figures hold for these reports only.",
        ]
    else:
        keys = " and ".join(found.sample["stratified_by"])
        how = f", stratified by {keys}; weighted" if keys else ""
        view = f" of {found.sample['view']}" if found.sample["view"] else ""
        lines = [
            f"{found.reports:,} of {found.drawn:,} sampled reports reviewed to the end by {by}.",
            f"Drawn from {found.in_population:,} reports{view} with seed {found.sample['seed']}{how}.",
        ]
    if found.not_covered:
        lines.append(
            f"{found.not_covered:,} of these are of strata without a reviewed one: the figures leave them out."
        )
    if found.read_anew:
        lines.append(f"{found.read_anew:,} reviewed reports were read anew since and are left out.")
    counts = found.counts
    told = [f"{counts.get(name, 0):,} {name}" for name in ("right", "wrong fields", "no lesion", "missed")]
    lines.append(f"Findings: {', '.join(told)}.")
    return lines


def _row(name: str, shares: dict[str, Share]) -> list[str]:
    row = [name]
    for measure in ("precision", "recall"):
        told = shares.get(measure)
        row += [f"{told.value:.2f} [{told.low:.2f}, {told.high:.2f}]", f"{told.n:,}"] if told else ["–", "0"]
    return row
