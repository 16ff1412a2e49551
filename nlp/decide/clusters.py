"""Mentions gathered into lesions while a report is read in its order, and what stands around a mention."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, islice, takewhile

from ..recognise.size_groups import Size
from ..spans import Located

MAX_CLUSTERS = 14  # that a mention can be linked to

History = Sequence[tuple[Located, str]]  # the mentions before one, and what each turned out to be


@dataclass
class Cluster:
    """Mentions that speak of one lesion or group."""

    mentions: list[Located] = field(default_factory=list)

    @property
    def last(self) -> Located:
        return self.mentions[-1]

    @property
    def organ(self) -> str:
        return self.mentions[0].organ

    @property
    def sizes(self) -> list[Size]:
        return [m.mention.size for m in self.mentions if m.mention.size]

    @property
    def plural(self) -> bool:
        return any(m.mention.plural for m in self.mentions)


class Spoken:
    """Clusters by when they were last spoken of; work at each mention does not grow with their number."""

    def __init__(self) -> None:
        self._all: dict[int, Cluster] = {}
        self._by_organ: dict[str, dict[int, Cluster]] = {}

    def __len__(self) -> int:
        return len(self._all)

    def of(self, organ: str) -> int:
        """How many are of an organ."""
        return len(self._by_organ.get(organ, {}))

    def speak(self, cluster: Cluster) -> None:
        """Put a new or known cluster last."""
        for known in (self._all, self._by_organ.setdefault(cluster.organ, {})):
            known.pop(id(cluster), None)
            known[id(cluster)] = cluster

    def candidates(self, located: Located) -> list[Cluster]:
        """Those of a mention's sentence, then those of its organ, the last spoken of first."""
        sentence = located.mention.sentence
        here = takewhile(lambda c: c.last.mention.sentence is sentence, reversed(self._all.values()))
        organ = reversed(self._by_organ.get(located.organ, {}).values())
        earlier = (c for c in organ if c.last.mention.sentence is not sentence)
        return list(islice(chain(here, earlier), MAX_CLUSTERS))


@dataclass(frozen=True)
class Report:
    """What a report says beside a mention: all mentions in reading order; how probably each organ is called free."""

    located: Sequence[Located]
    free: Mapping[str, float]
