"""Mentions: everything that may be a lesion. Each size that may be a lesion's, each lesion word that has no size."""

import re
from collections.abc import Sequence
from dataclasses import replace

from .decide.relate import RESPECTIVELY
from .decide.sites import site_of
from .decide.size_list import Run, may_be_current
from .function_words import STOP
from .recognise.counts import Count, count_head, counted_by
from .recognise.size_groups import Size
from .spans import Head, Mention, Sentence, next_in_block, previous_in_block

_BREAKS = re.compile(r"[;]|\.\s")


def propose(
    sentences: Sequence[Sentence],
    roles: Sequence[Sequence[Sequence[float]]],
    lists: Sequence[tuple[Sequence[Run], Sequence[Run]]],
) -> list[Mention]:
    """Mentions of a report in reading order.

    Args:
        sentences: with their spans.
        roles: per sentence and size the probabilities (current, prior, other).
        lists: per sentence its lists of sizes, and those of them that are one group's.
    """
    out: list[Mention] = []
    for sentence, found, (runs, groups) in zip(sentences, roles, lists, strict=True):
        first_of = {i: run for run in groups for i in range(run[0], run[1] + 1)}
        current = [
            i for i, p in enumerate(found) if may_be_current(sentence.sizes[i], p) and first_of.get(i, (i,))[0] == i
        ]
        member = {i: (i - a, b - a + 1) for a, b in runs if (a, b) not in groups for i in range(a, b + 1)}
        owner = assign_heads(sentence, current)
        previous, following = previous_in_block(sentences, sentence), next_in_block(sentences, sentence)
        listed = current if RESPECTIVELY.search(sentence.text) else []
        together = {i: range(i - k, i - k + n) for i, (k, n) in member.items()}
        prior = _priors(sentence, found, current)
        users = [owner[i] for i in current if owner[i] is not None]
        spots: list[tuple[int, int | None, Head | None]] = [(sentence.sizes[i].start, i, owner[i]) for i in current]
        spots += [(h.start, None, h) for h in sentence.heads if not any(h is u for u in users)]
        for start, number, head in sorted(spots, key=lambda s: s[0]):
            size = sentence.sizes[number] if number is not None else None
            if number in first_of:
                size = _joined(sentence.sizes[number : first_of[number][1] + 1])
            told = count_head(sentence, head) if head else Count(1, 1, False, False, False)
            if head and head is sentence.heads[-1]:
                told = counted_by(told, following)
            shared_by = several_organs(sentence, head) if head and size is None and told.plural else []
            out += [
                Mention(
                    index=len(out) + k,
                    sentence=sentence,
                    start=start,
                    end=size.end if size else (head.end if head else start),
                    size=size,
                    head=head,
                    shared=sum(u is head for u in users) > 1,
                    p_current=found[number][0] if number is not None else 0.0,
                    count=told.count,
                    count_min=told.count_min,
                    plural=told.plural,
                    definite=told.definite,
                    quantified=told.quantified,
                    prior=tuple(prior.get(-1 if number is None else number, ())),
                    organ_hint=organ,
                    member=member.get(-1 if number is None else number),
                    site=None if number is None else site_of(sentence, previous, number, together.get(number, listed)),
                )
                for k, organ in enumerate(shared_by or [""])
            ]
    return out


_AND = re.compile(
    r"\s*(?:,|/|&|,?\s*and\b|,?\s*as well as\b)\s*(?:(?:in|of|within|on)\s+)?"
    r"(?:the\s+|both\s+|left\s+|right\s+|bilateral\s+)*"
)
_INTO = re.compile(
    r"\s*(?:\([^()]*\)\s*)?(?:are |were |is |seen |noted |present |found |observed )*"
    r"(?:in|of|within|involving|throughout|to)\s+(?:the\s+|both\s+|left\s+|right\s+)*"
)


def several_organs(sentence: Sentence, head: Head) -> list[str]:
    """The organs that one word is said of: joined right before it ("splenic and renal nodules") or right after."""
    cues = [c for c in sentence.organs if c.kind in ("noun", "adjective") and not c.governed and c.end - c.start > 1]
    before = [c for c in cues if c.end <= head.start]
    after = [c for c in cues if c.start >= head.end]
    if before and not sentence.between(before[-1].end, head.start).strip(" -"):
        chain = [before[-1]]
        for cue in reversed(before[:-1]):
            if not _AND.fullmatch(sentence.between(cue.end, chain[0].start)):
                break
            chain.insert(0, cue)
    elif after and _INTO.fullmatch(sentence.between(head.end, after[0].start)):
        chain = [after[0]]
        for cue in after[1:]:
            if not _AND.fullmatch(sentence.between(chain[-1].end, cue.start)):
                break
            chain.append(cue)
    else:
        return []
    organs = list(dict.fromkeys(c.organ for c in chain))
    return organs if len(organs) > 1 else []


def _joined(sizes: Sequence[Size]) -> Size:
    """The sizes of a group's list as one."""
    return replace(sizes[0], end=sizes[-1].end, lesions_mm=tuple(x for s in sizes for x in s.lesions_mm))


def assign_heads(sentence: Sentence, numbers: Sequence[int]) -> dict[int, Head | None]:
    """Per size the word it measures: the head of the noun phrase it opens, else the nearest head before it."""
    owner: dict[int, Head | None] = {}
    for i in numbers:
        size = sentence.sizes[i]
        owner[i] = _head_after(sentence, size.end, [sentence.sizes[k].start for k in numbers if k > i])
    for i in numbers:
        if owner[i] is None:
            size = sentence.sizes[i]
            taken = [owner[k] for k in numbers if owner[k] is not None and sentence.sizes[k].start < owner[k].start]  # type: ignore[union-attr]
            owner[i] = _head_before(sentence, size.start, taken)
    return owner


def _head_after(sentence: Sentence, end: int, later_sizes: Sequence[int]) -> Head | None:
    found = None
    for head in sentence.heads:
        if head.start < end:
            continue
        gap = sentence.between(end, head.start)
        words = gap.replace("-", " ").split()
        if len(words) > 7 or any(s < head.start for s in later_sizes):
            break
        if any(w in ",;:()." or w.strip(",") in STOP for w in words) or re.search(r"[;:(.]", gap):
            break
        if found is not None and sentence.between(found.end, head.start).strip(" -/"):
            break
        found = head
    return found


def _head_before(sentence: Sentence, start: int, taken: Sequence[Head | None]) -> Head | None:
    before = [h for h in sentence.heads if h.end <= start]
    for head in reversed(before):
        gap = sentence.between(head.end, start)
        if _BREAKS.search(gap):
            return None
        if any(head is t for t in taken) and re.search(r"[,;]|\band\b", gap):
            return head if head.text.endswith("s") else None
        return head
    return None


def _priors(sentence: Sentence, found: Sequence[Sequence[float]], current: Sequence[int]) -> dict[int, list]:
    """Earlier sizes by the current size they stand beside: the nearest before, else the first after; -1: none there."""
    out: dict[int, list] = {}
    for i, p in enumerate(found):
        if p[1] > max(p[0], p[2]) and i not in current:
            before = [k for k in current if k < i]
            after = [k for k in current if k > i]
            gap = sentence.between(sentence.sizes[before[-1]].end, sentence.sizes[i].start) if before else ";"
            near = before[-1] if before and ";" not in gap else after[0] if after else before[-1] if before else -1
            arrow = after and "->" in sentence.between(sentence.sizes[i].end, sentence.sizes[after[0]].start)[:6]
            out.setdefault(after[0] if arrow else near, []).append(sentence.sizes[i])
    return out
