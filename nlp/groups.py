"""Members of a group: the largest of several lesions, an example of them, nodes that form a conglomerate."""

import re

from .document import Mention, Sentence

# "… nodes merging into a conglomerate mass of 5 cm": the size of the whole is the group's.
_FUSED = re.compile(
    r"\b(?:form(?:ing)?|produc(?:e|ing)|(?:merg|fus|coalesc|conglomerat)(?:e|es|ed|ing) (?:in|in?to)|to form) an?"
    r" (?:(?:large|huge|bulky) )?(?:conglomerate|confluent|matted|packet|coalescent)\b"
)


def group_of(
    sentence: Sentence, mention: Mention, kept: list[Mention], recent: list[tuple[int, Mention]]
) -> Mention | None:
    """The group that a mention is the largest or an example of ("…, the largest of which is a 4 mm nodule")."""
    if mention.negated or mention.dropped:
        return None
    groups = [m for m in kept if m.plural and not m.negated and not m.dropped and m.node == mention.node]
    fused = [m for m in kept if m.plural and not m.negated and not m.dropped and not mention.plural]
    if fused and _FUSED.search(sentence.between(fused[-1].heads[-1].end, mention.head.start)):
        return fused[-1]
    lead_start = groups[-1].heads[-1].end if groups else sentence.start
    cues = [t for t in sentence.terms if lead_start <= t.start < mention.head.start]
    largest = any("LARGEST:BIDIRECTIONAL" in t.roles for t in cues)
    example = any("EXAMPLE:FORWARD" in t.roles for t in cues)
    if groups and (largest or example):
        return groups[-1]
    near = [
        m
        for _, m in recent
        if m.plural and m.node == mention.node and m.place.organ == (mention.place.organ or m.place.organ)
    ]
    if near and example and recent[-1][1] is near[-1] and not mention.plural:
        return near[-1]  # "… metastases; for example, a right lower lobe nodule …"
    own = any("LARGEST:BIDIRECTIONAL" in t.roles and mention.start <= t.start for t in cues)
    return near[-1] if near and own and mention.definite and not mention.plural and not near[-1].sizes else None


def join_group(member: Mention, group: Mention) -> None:
    """The size of a member goes to its group; its place does not."""
    group.sizes = group.sizes + member.sizes if group.sizes else list(member.sizes)
    group.prior = group.prior + member.prior
    group.largest = True
    if group.lesion_type == "unspecified" and member.lesion_type != "unspecified":
        group.lesion_type, group.type_text = member.lesion_type, member.type_text
    if member.sentence is not group.sentence:
        group.evidence.append((member.sentence.start, member.sentence.end))
