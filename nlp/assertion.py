"""ConText for radiology: which lesions are negated, only possible, gone, or spoken of in history, risk or family."""

import itertools
import re

from .document import Mention, Sentence
from .lexicon import Term

_CLOSES_SCOPE = "TERMINATE:TERMINATE"
_HARD_STOP = re.compile(r"[;:]|\.\s")
_NEW_SUBJECT = re.compile(
    r",\s*(?:and\s+)?(?:there|a|an|the|this|multiple|several|few|one|two|three|\d)\b|\band\s+(?:there|"
    r"a|an|multiple|several|one|two|three)\b"
)
_RESOLVED_EXCEPT = re.compile(
    r"partial|partially|incomplete|residual|not resected|unresected|planned|to be|for resection|candidate"
)


def assert_mentions(sentence: Sentence, mentions: list[Mention]) -> None:
    """Sets `negated`, `possible`, `dropped` and `change` on the mentions of one sentence."""
    backward: set[int] = set()
    cues = [t for t in sentence.terms if any(":" in role for role in t.roles)]
    for mention in mentions:
        for cue in cues:
            for role in cue.roles:
                category, _, direction = role.partition(":")
                if direction and _reaches(sentence, cue, category, direction, mention):
                    _apply(sentence, category, direction, cue, mention)
                    if category == "NEGATED_EXISTENCE" and direction == "BACKWARD":
                        backward.add(id(mention))
        if mention.negated and id(mention) not in backward and _measured_in_phrase(mention):
            mention.negated = False
        if _ELSEWHERE.search(sentence.between(mention.heads[-1].end, mention.heads[-1].end + 30)) and not mention.sizes:
            mention.dropped = mention.dropped or "reference"
        if _PRESENTS.search(sentence.between(sentence.start, mention.start)) and not mention.sizes:
            mention.dropped = mention.dropped or "historical"
        before_head = sentence.between(sentence.start, mention.head.start)
        if _BESIDE.search(before_head) and not mention.sizes:
            mention.dropped = mention.dropped or "reference"
        if _UNLIKELY.search(before_head) and not mention.sizes:
            mention.dropped = mention.dropped or "differential"
        if not mention.negated and _something_else(sentence, mention):
            mention.dropped = mention.dropped or "no lesion"
        if _asked_about(sentence, mention):
            mention.dropped = mention.dropped or "question"
    _carry_or_lists(sentence, mentions)


_NEVER_ASSERT = ("TYPE_LINK", "RELATION", "LARGEST", "EXAMPLE", "NORMAL", "TERMINATE", "PSEUDO")
_PASSED_FORWARD = ("measures", "measuring", "consistent with", "compatible with", "secondary to", "due to")
_PASSED_BACKWARD = (
    "is seen", "are seen", "with a", "with an", "which", "only", "that is", "measuring", "measures",
)  # fmt: skip
_NEW_STATEMENT = re.compile(
    r",\s*(?:and\s+)?(?:there|a|an|this|multiple|several|few)\b|\band\s+(?:there|an?|multiple|several)\b"
)


def _reaches(sentence: Sentence, cue: Term, category: str, direction: str, mention: Mention) -> bool:
    """Whether a cue says something of a mention: direction, distance, and nothing between that closes its scope."""
    if category in _NEVER_ASSERT:
        return False
    if category == "CHANGE":
        return mention.start - 12 <= cue.start < mention.head.start
    forward = direction == "FORWARD" and cue.end <= mention.head.start
    backward = direction == "BACKWARD" and cue.start >= mention.head.end
    if not forward and not backward:
        return False
    start, end = (cue.end, mention.head.start) if forward else (mention.head.end, cue.start)
    gap = sentence.between(start, end)
    if _HARD_STOP.search(gap if forward else gap.replace(":", " ")):
        return False
    stops = [t for t in sentence.terms if start <= t.start and t.end <= end and _CLOSES_SCOPE in t.roles]
    if not all(_passes(stop, category, forward, stop.start - start) for stop in stops):
        return False
    if backward:
        then_only = _ONLY_THEN.match(sentence.between(cue.end, sentence.end))
        return not then_only and _nearest_subject(sentence, cue, mention) and len(gap) < 160
    negates = category == "NEGATED_EXISTENCE"
    if negates and _NEW_SUBJECT.search(gap) and not re.search(r"\b(?:or|nor)\b", gap[-12:]):
        return not _NEW_STATEMENT.search(gap)
    if category == "POSSIBLE_EXISTENCE":
        return len(gap) < 60 and not re.search(r",\s*(?:and\s+)?(?:a|an|the)\b", gap)
    return len(gap) < 220


def _passes(stop: Term, category: str, forward: bool, distance: int) -> bool:
    """Whether a cue reaches over a word that closes the scope of others."""
    if not forward:
        return stop.text in _PASSED_BACKWARD
    if distance <= 1:  # "there is no demonstrated adenopathy"
        return True
    return stop.text in _PASSED_FORWARD and category != "NEGATED_EXISTENCE"


# "was not present on the prior exam": it is new
_ONLY_THEN = re.compile(
    r"\s+(?:on|in|at)\s+(?:the\s+|his\s+|her\s+|any\s+)?(?:prior|previous|last|earlier|old|comparison)\b"
)


def _nearest_subject(sentence: Sentence, cue: Term, mention: Mention) -> bool:
    """A backward cue reaches the subject of its own clause, not one before ", and" or another finding's verb."""
    gap = sentence.between(mention.head.end, cue.start)
    gap = re.sub(
        r",?\s*(?:which|that)\s+(?:was|were|had been|is)\s+[^,]*(?:previous|prior|last|earlier|old)[^,]*,", " ", gap
    )
    return not re.search(
        r"\b(?:is|are|was|were)\s+(?:also\s+)?(?:seen|noted|observed|present|identified|detected|visible|"
        r"visualized)\b.{0,60}(?:,|\band\b|\bbut\b)",
        gap,
    ) and not re.search(r",\s*(?:and|but)\s+(?:the|no|a|an)\b", gap)


def _apply(sentence: Sentence, category: str, direction: str, cue: Term, mention: Mention) -> None:
    if category == "CHANGE":
        mention.change = True
    elif category == "NEGATED_EXISTENCE":
        if cue.text in ("no new", "no other", "no additional", "no further", "no larger"):
            mention.change = True
        mention.negated = True
    elif category == "POSSIBLE_EXISTENCE":
        sign = sentence.between(sentence.start, cue.start) if direction == "FORWARD" else ""
        sign = _WALL_THICKENING.sub("", sign)  # no lesion by itself
        # "thickening of the omentum, suspected metastasis": the sign is there, its nature is in doubt
        if not (re.search(r"[,:]\s*$", sign) and _SIGN.search(sign)):
            mention.possible = True
    elif category == "RESOLVED":
        context = sentence.between(max(sentence.start, cue.start - 30), min(sentence.end, cue.end + 30))
        if not _RESOLVED_EXCEPT.search(context):
            mention.dropped = mention.dropped or "resolved"
    elif category == "FAMILY":
        mention.dropped = mention.dropped or "family"
    elif category in ("HISTORICAL", "HYPOTHETICAL"):
        gap = sentence.between(cue.end, mention.head.start)
        if len(gap) < 70 and not mention.sizes:
            mention.dropped = mention.dropped or category.lower()


_WALL_THICKENING = re.compile(r"\bwall thickening|\bthickening of the (?:[\w-]+ ){0,2}wall")
_SIGN = re.compile(
    r"\b(?:thickening|shadows?|densit(?:y|ies)|foc(?:us|i)|enlargement|nodul\w+|mass(?:es)?|lesions?|"
    r"opacit(?:y|ies)|hypodens\w+|enhancement)\b"
)


def _measured_in_phrase(mention: Mention) -> bool:
    """A measured lesion after a negation and a comma is a finding: "No effusion, 4 mm nodule"."""
    phrase = [s for s in mention.sentence.sizes if mention.start <= s.start < mention.head.start and s.bound == "exact"]
    if not phrase:
        return False
    before = mention.sentence.between(max(mention.sentence.start, mention.start - 6), mention.start)
    return bool(re.search(r"[,:(]\s*$|\band\s*$|^\s*$", before))


_ELSEWHERE = re.compile(
    r"^\W{0,3}(?:as\s+)?(?:described|mentioned|discussed|detailed|see|noted|reported)\s+(?:below|above)"
)
# "… unclear boundary with adjacent mass": a mass told elsewhere.
_BESIDE = re.compile(
    r"\b(?:boundar(?:y|ies)|borders?|interface|fat planes?|inseparable|indistinct|contact|continuity)\s+"
    r"(?:with|from|to)\s+(?:an?\s+|the\s+)?(?:adjacent|neighbou?ring|surrounding|nearby|above)\s*$"
)
# "… demyelination, less likely glioma": a diagnosis that is not favoured makes no lesion.
_UNLIKELY = re.compile(r"\b(?:less|not) likely\s+(?:to be\s+)?(?:an?\s+)?(?:[\w-]+\s+){0,1}$")
# "A 67-year-old man with an epiglottic mass, …": the patient's story, not the images.
_PRESENTS = re.compile(
    r"^\s*(?:the\s+)?patient (?:with|had|has a)\b|\b(?:\d{1,3}|middle)[- ]?(?:years?|yrs?|y/o|yo|"
    r"aged)\b.{0,60}\b(?:with|for|has|had|who)\b"
)
_STRONG_LINK = re.compile(
    r"\b(?:consistent with|compatible with|corresponding to|corresponds to|representing|represents?|"
    r"in keeping with|considered|considering|is|are|thought to represent|felt to represent|"
    r"likely representing|suspicious for|suspicious of|suggestive of|suggesting|likely due to|due to|"
    r"secondary to|related to|evaluated as|interpreted as)\s+(?:as\s+|to be\s+)?(?:an?\s+|"
    r"the\s+)?(?:[\w-]+\s+){0,3}$"
)


# What may look like a nodule, cyst or mass and is none.
_MIMIC = (
    r"(?:stones?|calcul\w+|accessory spleens?|splenules?|splenuncul\w+|bullae?|ha?ematomas?|abscess(?:es)?|seromas?|"
    r"aneurysms?|pseudoaneurysms?|infarct(?:s|ions?)?|(?:athero|arterio)scleros\w+)\b(?!\s*(?:or|vs\.?|versus|and/or)\b)"
)
_READ_AS_MIMIC = re.compile(
    r"[^.;]*\b(?:consistent with|compatible with|represent(?:s|ing)?|in keeping with|suggesting|suggestive of|"
    r"evaluated as|consider(?:ed|ing)?|likely|probably|in favou?r of)\s+(?:as\s+|to be\s+|an?\s+)?(?:\w+\s+){0,2}"
    rf"{_MIMIC}"
    rf"|[^.;]*\b{_MIMIC} (?:are|is) (?:considered|suspected|favou?red)"
)


def _something_else(sentence: Sentence, mention: Mention) -> bool:
    """Whether a vague sign is said to be no lesion: "hypodensity corresponding to a small abscess"."""
    generic = mention.weak or mention.head.text.startswith(
        (
            "hypodens",
            "hypoatt",
            "hyperdens",
            "low density",
            "hypointens",
            "hyperintens",
            "nodular dens",
            "lesion",
            "nodular opac",
        )
    )
    if len(mention.heads) == 1 and _READ_AS_MIMIC.match(sentence.between(mention.head.end, mention.end)):
        return True
    if not generic or len(mention.heads) > 1:
        return False
    for other in sentence.having("OTHER"):
        if other.start >= mention.heads[-1].end and other.end <= mention.end:
            gap = sentence.between(mention.heads[-1].end, other.start)
            if _STRONG_LINK.search(gap) and not re.search(
                r"\b(?:versus|or|may|might|could|possibl\w+|with)\b[^,]*$", gap
            ):
                return other.text not in _CHARACTER or (
                    other.text in _BLOOD and mention.head.text.startswith("hyperdens")
                )
    return bool(
        generic
        and re.search(
            r"\b(?:linear|strip|band|cylindrical|tubular|reticular|streak)",
            sentence.between(mention.start, mention.head.start),
        )
    )


_BLOOD = frozenset(["hemorrhage", "haemorrhage"])

# Said of a lesion's make-up, not instead of it.
_CHARACTER = frozenset(
    [
        "fluid",
        "fat",
        "calcification",
        "calcifications",
        "edema",
        "hemorrhage",
        "haemorrhage",
        "necrosis",
        "wall",
        "thickness",
        "degeneration",
        "vessels",
        "vessel",
        "gas",
        "level",
        "margin",
        "margins",
    ]
)


def _asked_about(sentence: Sentence, mention: Mention) -> bool:
    """ "Metastases?" alone is a question; "(cyst?)" after a lesion is not, it only asks the type."""
    after = sentence.between(mention.heads[-1].end, sentence.end)
    if not re.match(r"\s*\?", after):
        return False
    whole = sentence.between(sentence.start, mention.head.start)
    return not whole.strip() and len(mention.heads) == 1 and not mention.sizes


def _carry_or_lists(sentence: Sentence, mentions: list[Mention]) -> None:
    """ "No mass or cyst", "neither nodule nor mass": a negation covers what is joined by or."""
    for left, right in itertools.pairwise(mentions):
        gap = sentence.between(left.heads[-1].end, right.head.start)
        if (
            left.negated
            and not right.negated
            and re.fullmatch(r"\s*,?\s*(?:or|nor|and/or)\s+(?:[\w/-]+\s+){0,3}", gap)
            and not right.sizes
        ):
            right.negated = True
