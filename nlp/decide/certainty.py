"""Whether a lesion is said to exist for certain or only possibly."""

import re
from collections.abc import Sequence

from ..spans import Located
from .relate import bucket

_DOUBT = re.compile(
    r"\b(?:possib\w+|question\w*|equivocal|cannot (?:be )?(?:exclude|rule|confirm)\w*|can'?t (?:be )?(?:exclude|"
    r"rule)\w*|not excluded|"
    r"isn'?t excluded|may (?:be|represent)|might (?:be|represent)|could (?:be|represent)|suspect\w*|suspicion|"
    r"doubtful|vs|versus|probabl\w+|"
    r"artifact|pseudolesion|volume averaging|partial volum\w+|if real|apparent|\?)|\?"
)


def features(members: Sequence[Located]) -> list[str]:
    """Features of a cluster for "possible" against "present"."""
    out = [f"n={min(len(members), 3)}", f"sized={any(x.mention.size for x in members)}", f"organ={members[0].organ}"]
    for x in members:
        m = x.mention
        s = m.sentence
        low, high = m.core
        for role in ("POSSIBLE_EXISTENCE:FORWARD", "POSSIBLE_EXISTENCE:BACKWARD", "NEGATED_EXISTENCE:FORWARD"):
            for t in s.having(role):
                side = "b" if t.end <= low else "a"
                gap = s.between(t.end, low) if side == "b" else s.between(high, t.start)
                out += [f"{role[:4]}{role[-8:]}|{side}{bucket(len(gap.split()))}", f"cue={t.text}|{side}"]
        for match in _DOUBT.finditer(s.between(low - 60, high + 90)):
            out.append(f"doubt={match.group()}")
        if m.head:
            out += [f"h={m.head.kind}", f"type={m.head.lesion_type}"]
        right = s.words_behind(high, 6)
        left = s.words_before(low, 5)
        out += [f"R={w}" for w in right] + [f"L={w}" for w in left]
    return sorted(set(out))
