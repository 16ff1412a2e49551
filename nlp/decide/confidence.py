"""How probably a finding is right in organ, side, sizes and count, from how sure each decision was."""

from collections.abc import Iterable

from ..compose import Draft
from .group import main_mention

_STEPS = (0.3, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98)


def steps(name: str, value: float) -> list[str]:
    """A probability as the thresholds that it reaches."""
    return [f"{name}>={step}" for step in _STEPS if value >= step]


def features(draft: Draft, sureness: Iterable[float]) -> list[str]:
    """Features of a finding; `sureness`: the probability of each link and of the first decision, in reading order."""
    main = main_mention(draft.cluster)
    m = main.mention
    taken = list(sureness)
    out = [
        *steps("organ", main.p_organ),
        *steps("side", main.p_side),
        *steps("first", taken[0]),
        *steps("least", min(taken)),
    ]
    out += steps("group", max(draft.p_group, 1.0 - draft.p_group))
    if m.size:
        out += steps("current", m.p_current)
    out += [
        f"sized={bool(draft.sizes)}",
        f"group={draft.group}",
        f"n_sizes={min(len(draft.sizes), 3)}",
        f"mentions={min(len(draft.cluster.mentions), 4)}",
        f"head={m.head.kind if m.head else 'none'}",
        f"shared={m.shared}",
        f"section={m.sentence.section}",
        f"hint={m.size.hint if m.size else '-'}",
        f"row={m.sentence.table_row}",
        f"told_sides={min(len({x.side for x in draft.cluster.mentions if x.side}), 2)}",
        f"told_organs={min(len({x.organ for x in draft.cluster.mentions}), 2)}",
        f"told_sizes={min(len({max(size.lesions_mm[0]) for size in draft.cluster.sizes}), 3)}",
        "bias",
    ]
    return out
