"""Finds the mentions of lesions in a sentence: heads, noun phrases, what they are said to be, counts."""

import itertools
import re

from .counts import count
from .descriptions import describe, only_describes
from .document import Mention, Sentence
from .lesion_heads import ONES, is_head
from .lexicon import Term
from .noun_phrases import divide_sentence, noun_phrase_start
from .rule_files import Rule


def find_mentions(sentence: Sentence) -> list[Mention]:
    """Mentions of one sentence in reading order; places, sizes and assertion are filled in by later components."""
    heads = [t for t in sentence.terms if is_head(sentence, t)]
    if not heads and sentence.lesion_list and sentence.sizes:
        heads = [_listed(sentence)]
    groups: list[list[Term]] = []
    for head in heads:
        if groups and only_describes(sentence, groups[-1], head):
            groups[-1].append(head)
        else:
            groups.append([head])
    mentions = [_mention(sentence, group) for group in groups]
    divide_sentence(sentence, mentions)
    for mention in mentions:
        describe(sentence, mention)
        count(sentence, mention)
    for left, right in itertools.pairwise(mentions):
        if right.head.text in ONES and right.lesion_type == "unspecified":  # "a cyst …, another in the right kidney"
            right.lesion_type, right.type_text = left.lesion_type, left.type_text
        _close_list(sentence, left, right)
    return mentions


def _close_list(sentence: Sentence, left: Mention, right: Mention) -> None:
    """ "A lesion in segment 3 and one in segment 6, consistent with cysts": a plural diagnosis types both."""
    last = right.heads[-1]
    told = last is not right.head and right.lesion_type != "unspecified" and last.text.endswith(("s", "metastases"))
    joined = re.search(r"\band\s+(?:an?\s+|\w+\s+)?$", sentence.between(left.heads[-1].end, right.start) + " ")
    if told and not right.plural and left.lesion_type == "unspecified" and joined:
        left.lesion_type, left.type_text = right.lesion_type, right.type_text


def _listed(sentence: Sentence) -> Term:
    """In a list of target lesions the place stands for the lesion: "Liver segment 6: 32 mm"."""
    size = sentence.sizes[0]
    before = [t for t in sentence.having("ORGAN", "PLACE", "STATION", "SIDE") if t.end <= size.start]
    roles = {"LESION": Rule("target lesion", "LESION", "", {"type": "unspecified"})}
    if any("STATION" in t.roles and "ORGAN" not in t.roles for t in before) or re.search(r"\bnodes?\b", sentence.text):
        roles = {"NODE": Rule("target node", "NODE", "", {"enlarged": True})}
    word = before[-1] if before else Term(size.start, size.end, sentence.between(size.start, size.end), {})
    return Term(word.start, word.end, "target", roles)


def _guessed(sentence: Sentence, head: Term, term: Term) -> bool:
    """Whether a later head is only asked in a bracket: "nodule (lymph node?)"."""
    asked = sentence.between(term.end, sentence.end).lstrip().startswith("?")
    return asked and "(" in sentence.between(head.end, term.start)


def _mention(sentence: Sentence, group: list[Term]) -> Mention:
    head = group[0]
    start = noun_phrase_start(sentence, head.start)
    # One thing under two names: "nodule or node", "nodal mass" count as a node. "Nodule (lymph node?)" does not.
    return Mention(
        sentence=sentence,
        head=head,
        heads=group,
        start=start,
        territory_start=sentence.start,
        end=sentence.end,
        node=any("NODE" in t.roles and not _guessed(sentence, head, t) for t in group),
        weak="WEAK_LESION" in head.roles and "LESION" not in head.roles,
    )
