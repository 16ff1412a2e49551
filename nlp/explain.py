"""What decided a finding: each decision's probability and the features that weighed most, as short JSON.

    {"lesion": [0.97, [["lesion|measures=A|lesion", 1.21], ...]], "organ": [0.99, [["heading1", 2.4], ...]], ...}

The names are those of the weights' file, so that every number can be looked up there.
"""

import json
from collections.abc import Sequence

from .compose import Draft
from .decide import size_role
from .decide.group import main_mention
from .decide.model import Chooser, Weights, crossed
from .reader import Reading

N_FEATURES = 3


def decided_by(draft: Draft, reading: Reading, weights: Weights) -> str:
    """The decisions of one draft: lesion, organ, side, size (where it has one), type."""
    main = main_mention(draft.cluster)
    first = draft.cluster.mentions[0].mention.index
    told: dict[str, tuple[float, Chooser, Sequence[str]]] = {
        "lesion": (reading.sureness[first], weights["resolve"], reading.reasons[first].features),
        "organ": (main.p_organ, weights["organ"], main.features["organ"]),
        "side": (main.p_side, weights["side"], main.features["side"]),
        "type": (draft.p_type, weights["lesion_type"], draft.features["type"]),
    }
    m = main.mention
    if m.size is not None:
        names = [*size_role.features(m.sentence, m.size_number), "bias"]
        (current,) = crossed(size_role.ROLES[:1], names)
        told["size"] = (m.p_current, weights["size_role"], current)
    account = {name: [round(p, 3), strongest(chooser, features)] for name, (p, chooser, features) in told.items()}
    return json.dumps(account, ensure_ascii=False, separators=(",", ":"))


def strongest(chooser: Chooser, features: Sequence[str], n: int = N_FEATURES) -> list[tuple[str, float]]:
    """The features of largest weight, for or against, each with the weight of all its occurrences."""
    total: dict[str, float] = {}
    for name in features:
        weight = chooser.weights.get(name)
        if weight:
            total[name] = total.get(name, 0.0) + weight
    ranked = sorted(total.items(), key=lambda item: (-abs(item[1]), item[0]))
    return [(name, round(weight, 2)) for name, weight in ranked[:n]]
