"""The reader: sentences → proposals → decisions. One object holds the rules and the weights."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

from ..schemas import load_anatomy
from .compose import Draft, compose
from .decide import certainty, confidence, group, lesion_type, negatives, place, resolve, side, size_list, size_role
from .decide import organ as organs
from .decide.clusters import Cluster, History, Report, Spoken
from .decide.model import Chooser, Weights, softmax
from .decide.resolve import DROP, NEW, SUMMARY
from .folding import fold
from .lexicon import Lexicon
from .propose import propose
from .recognise.sentence import recognise
from .rule_files import RuleSet
from .spans import Located, Mention, Sentence, previous_in_block
from .text.sections import READ_SECTIONS


@dataclass(frozen=True)
class Option:
    """One of the actions open to a mention. `terms`: (part of the weights, features)."""

    action: str | Cluster
    terms: tuple[tuple[str, Sequence[str]], ...] = ()

    @property
    def features(self) -> list[str]:
        """The features by their names in the weights."""
        return [f"{part}|{name}" for part, names in self.terms for name in names]


@dataclass
class Reading:
    """What was decided about one report."""

    sentences: Sequence[Sentence]
    located: list[Located] = field(default_factory=list)
    actions: list[str] = field(default_factory=list)  # per mention: drop, new, summary, or the number of a cluster
    sureness: list[float] = field(default_factory=list)
    reasons: list[Option] = field(default_factory=list)  # the action that was taken, with its features
    clusters: list[Cluster] = field(default_factory=list)
    summaries: list[Located] = field(default_factory=list)
    drafts: list[Draft] = field(default_factory=list)
    free: dict[str, float] = field(default_factory=dict)  # organ → probability that sentences call it free
    negatives: dict[str, float] = field(default_factory=dict)  # organ → probability that it is said to be free
    confidence: float = 1.0

    def siblings(self, cluster: Cluster) -> list[Cluster]:
        """The other clusters of its organ."""
        return [c for c in self.clusters if c.organ == cluster.organ and c is not cluster]

    @cached_property
    def type_words(self) -> dict[str, Counter[str]]:
        """Organ → how often each lesion type is named of it."""
        found: dict[str, Counter[str]] = {}
        for located in self.located:
            found.setdefault(located.organ, Counter())[_type_word(located)] += 1
        return found

    @cached_property
    def known_disease(self) -> list[str]:
        """What the indication tells of the patient's disease."""
        return known_disease(self.sentences)


class Reader:
    """Reads a report's text into clusters of mentions."""

    def __init__(self, rules: RuleSet, weights: Weights) -> None:
        self.rules = rules
        self._lexicon = Lexicon(rules)
        self.weights = weights

    def recognise(self, text: str) -> list[Sentence]:
        """The report's sentences with their spans."""
        return recognise(text, fold(text), self.rules.headings, self._lexicon)

    def read(self, text: str) -> Reading:
        """All decisions for one report."""
        return self.conclude(self.decide(self.recognise(text)))

    def decide(self, sentences: Sequence[Sentence]) -> Reading:
        """Which lesions the sentences speak of, and where each is."""
        roles = [size_role.roles(s, self.weights["size_role"]) for s in sentences]
        return self.resolve(sentences, self.locate(sentences, self.propose(sentences, roles)))

    def propose(self, sentences: Sequence[Sentence], roles: Sequence[Sequence[Sequence[float]]]) -> list[Mention]:
        """Everything that may be a lesion, by what the sizes are."""
        runs = [size_list.runs(s, p) for s, p in zip(sentences, roles, strict=True)]
        groups = [
            size_list.groups(s, found, self.weights["size_list"]) for s, found in zip(sentences, runs, strict=True)
        ]
        return propose(sentences, roles, list(zip(runs, groups, strict=True)))

    def conclude(self, reading: Reading) -> Reading:
        """The reading with its findings, negative organs and confidence."""
        for cluster in reading.clusters:
            reading.drafts.append(self.describe(self.compose(cluster, reading), reading))
        reading.negatives = self.negative_organs(reading)
        reading.confidence = report_confidence(reading)
        return reading

    def compose(self, cluster: Cluster, reading: Reading) -> Draft:
        """A cluster's finding without type, certainty and confidence."""
        names = [*group.features(cluster, reading.siblings(cluster)), "bias"]
        return compose(cluster, self.weights["group"].probability(names))

    def describe(self, draft: Draft, reading: Reading) -> Draft:
        """The draft with type, certainty and confidence decided."""
        names = [*type_features(draft, reading), "bias"]
        p = self.weights["lesion_type"].part_probabilities(lesion_type.TYPES, names)
        best = max(range(len(p)), key=p.__getitem__)
        draft.lesion_type, draft.p_type = lesion_type.TYPES[best], p[best]
        draft.features["type"] = [f"{draft.lesion_type}|{name}" for name in names]
        draft.type_text = type_words(draft)
        draft.p_possible = self.weights["certainty"].probability([*certainty.features(draft.cluster.mentions), "bias"])
        draft.possible = draft.p_possible >= 0.5
        sure = [reading.sureness[x.mention.index] for x in draft.cluster.mentions]
        draft.confidence = self.weights["confidence"].probability(confidence.features(draft, sure))
        return draft

    def negative_organs(self, reading: Reading) -> dict[str, float]:
        """Organs said to be free of lesions, those with a finding left out."""
        with_finding = {d.organ for d in reading.drafts}
        return {organ: p for organ, p in reading.free.items() if p >= 0.5 and organ not in with_finding}

    def free_organs(self, sentences: Sequence[Sentence]) -> dict[str, float]:
        """Organ → probability that the sentences call it free of lesions."""
        chooser = self.weights["negative"]
        return {organ: chooser.probability([*names, "bias"]) for organ, names in negatives.features(sentences).items()}

    def locate(self, sentences: Sequence[Sentence], mentions: Sequence[Mention]) -> list[Located]:
        """Organ, side and places of every mention, in reading order."""
        context = organs.OrganContext(sentences)
        out: list[Located] = []
        for mention in mentions:
            name, sure, scores, reasons = self.organ_of(mention, context, out)
            out.append(self.place_of(mention, name, sure, scores, reasons, sentences, out))
        return out

    def organ_of(
        self, mention: Mention, context: organs.OrganContext, before: Sequence[Located]
    ) -> tuple[str, float, dict[str, float], Sequence[str]]:
        """The organ, its probability, the probability of every candidate, and what spoke for the organ."""
        found = organs.candidates(mention, context, [(x.mention, x.organ) for x in before[-8:] if x.organ])
        if not found:
            return "", 0.0, {}, ()
        names = sorted(found)
        scores = dict(zip(names, self.weights["organ"].probabilities([found[n] for n in names]), strict=True))
        name, sure = organs.best(scores)
        return name, sure, scores, found[name]

    def place_of(
        self,
        mention: Mention,
        organ: str,
        sure: float,
        scores: dict[str, float],
        reasons: Sequence[str],
        sentences: Sequence[Sentence],
        before: Sequence[Located],
    ) -> Located:
        """The mention with side and places for an organ."""
        if not organ:
            return Located(mention, "", 0.0, None, 0.0, ())
        earlier = previous_in_block(sentences, mention.sentence)
        focus = list(before[-2:])
        told = side.candidates(mention, organ, focus, earlier.sides if earlier else ())
        p = self.weights["side"].probabilities(told)
        best = max(range(len(p)), key=p.__getitem__)
        entry = load_anatomy().organs.get(organ)
        kept, spans = [], []
        for name, cue, names in place.candidates(mention, organ, earlier.places if earlier else (), focus):
            if self.weights["place"].probability([*names, "bias"]) >= 0.5:
                kept.append(name)
                spans += [(cue.start, cue.end)] if cue else []
        places = place.tidy(organ, kept, entry.locations if entry else frozenset())
        features = {"organ": reasons, "side": told[best]}
        return Located(mention, organ, sure, side.SIDES[best] or None, p[best], places, tuple(spans), scores, features)

    def resolve(self, sentences: Sequence[Sentence], located: Sequence[Located]) -> Reading:
        """Which mentions are lesions, and which of them are one."""
        reading = Reading(sentences, list(located), free=self.free_organs(sentences))
        order = Spoken()
        numbers: dict[int, int] = {}
        history: list[tuple[Located, str]] = []
        report = Report(located, reading.free)
        for item in located:
            options = options_of(item, order, report, history)
            p = probabilities(options, self.weights["resolve"])
            best = max(range(len(p)), key=p.__getitem__)
            action = options[best].action
            reading.sureness.append(p[best])
            reading.reasons.append(options[best])
            history.append((item, "link" if isinstance(action, Cluster) else action))
            if action == NEW:
                cluster = Cluster([item])
                numbers[id(cluster)] = len(reading.clusters)
                reading.clusters.append(cluster)
                order.speak(cluster)
                reading.actions.append(str(numbers[id(cluster)]))
            elif isinstance(action, Cluster):
                action.mentions.append(item)
                order.speak(action)
                reading.actions.append(str(numbers[id(action)]))
            else:
                reading.actions.append(action)
                if action == SUMMARY:
                    reading.summaries.append(item)
        return reading


def type_features(draft: Draft, reading: Reading) -> list[str]:
    """Features for the type of a finding: its words, those that sum it up, others of its organ, the known disease."""
    own = Counter(_type_word(x) for x in draft.cluster.mentions if x.organ == draft.organ)
    summaries = [x for x in reading.summaries if x.organ == draft.organ]
    siblings = [t for t, n in reading.type_words.get(draft.organ, {}).items() if t and n > own[t]]
    known = reading.known_disease
    return lesion_type.features(draft.cluster.mentions, summaries, siblings, known)


def _type_word(located: Located) -> str:
    """The type that a mention's word names, empty where it names none."""
    head = located.mention.head
    return "" if head is None or head.lesion_type == "unspecified" else head.lesion_type


def known_disease(sentences: Sequence[Sentence]) -> list[str]:
    """ "type|organ" of the lesions that the indication names."""
    out = []
    for s in sentences:
        if s.section not in ("indication", "exam", "body") or (s.section == "body" and s.index > 2):
            continue
        for head in s.heads:
            if head.lesion_type in ("malignant", "metastasis"):
                near = [c for c in s.organs if abs(c.start - head.start) < 30 and c.kind in ("noun", "adjective")]
                out.append(f"{head.lesion_type}|{head.organ or (near[0].organ if near else '')}")
    return out


def type_words(draft: Draft) -> str:
    """The words that name the lesion's type, else its first word."""
    heads = [x.mention.head for x in draft.cluster.mentions if x.mention.head]
    said = [h.text for h in heads if h.lesion_type == draft.lesion_type]
    named = [h.text for h in heads if h.kind != "anaphor"]
    return (said or named or [""])[0]


def report_confidence(reading: Reading) -> float:
    """Expected share of the report's findings that are found and right.

    What was nearly taken for a lesion counts as missed by its probability; a size without an organ by that of its
    being a lesion's, since it could be no finding. Two right ones are given beforehand: a report with nothing in it is
    not the least sure.
    """
    missed = sum(
        1.0 - p if x.organ else x.mention.p_current
        for x, p, action in zip(reading.located, reading.sureness, reading.actions, strict=True)
        if action == DROP
    )
    expected = sum(d.confidence for d in reading.drafts)
    return (expected + 2.0) / (len(reading.drafts) + missed + 2.0)


def options_of(item: Located, order: Spoken, report: Report, history: History) -> list[Option]:
    """Drop, new, summary, and a link to each of the clusters last spoken of."""
    own = [*resolve.own_features(item, order, report, history), "bias"]
    out = [Option(DROP)]
    if item.mention.sentence.section not in READ_SECTIONS:
        return out  # history, technique and comparison never yield findings (the guideline's rule 8)
    if item.organ:
        out.append(Option(NEW, (("new", own), ("lesion", own))))
        same = order.of(item.organ)
        kind = "size" if item.mention.size else "word"
        for back, cluster in enumerate(order.candidates(item)):
            pair = [*resolve.link_features(item, cluster, same, back), f"bias|{kind}"]
            out.append(Option(cluster, (("lesion", own), ("link", pair))))
    out.append(Option(SUMMARY, (("sum", own),)))
    return out


def probabilities(options: Sequence[Option], chooser: Chooser) -> list[float]:
    """Of each option; features that several share are scored once."""
    shared: dict[int, tuple[Sequence[str], dict[str, None]]] = {}
    for option in options:
        for part, names in option.terms:
            shared.setdefault(id(names), (names, {}))[1][part] = None
    scores: dict[tuple[str, int], float] = {}
    for key, (names, parts) in shared.items():
        scores |= zip(((part, key) for part in parts), chooser.part_scores(tuple(parts), names), strict=True)
    return softmax([sum(scores[part, id(names)] for part, names in option.terms) for option in options])
