"""Our rules as medspaCy's own objects, and medspaCy's rules as ours.

reportsup itself does not run medspaCy's matchers (docs/explanation/reader.md says why); whoever works with them can
take the vocabulary along, in both directions.
"""

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ..schemas import ConfigError
from .rule_files import Rule, expand, load_rules

# medspaCy's sections of a clinical note, as those of a radiology report.
_SECTIONS = {
    "chief_complaint": "indication", "history_of_present_illness": "indication", "reason_for_examination": "indication",
    "past_medical_history": "indication", "problem_list": "indication", "family_history": "indication",
    "imaging": "findings", "diagnoses": "impression", "observation_and_plan": "impression",
    "patient_instructions": "recommendation", "comments": "addendum",
}  # fmt: skip
_BOTH_WAYS = frozenset({"TYPE_LINK", "NORMAL", "CHANGE", "LARGEST"})
# What a rule may say beyond its words, and we cannot follow.
_NOT_FOLLOWED = (
    "pattern", "on_match", "attributes", "on_modifies", "allowed_types", "excluded_types", "max_scope", "max_targets",
    "terminated_by", "parents", "parent_required",
)  # fmt: skip


def medspacy_rules(rules_dir: Path | None = None) -> dict[str, list[Any]]:
    """`target`: TargetRules, `context`: ConTextRules, `section`: SectionRules with every phrase of the rules in force.

    Args:
        rules_dir: a user's rule folder, as for `--rules`.

    >>> sorted(medspacy_rules())
    ['context', 'section', 'target']
    """
    target_rule, context_rule, section_rule = _classes()
    rules = load_rules(rules_dir)
    out: dict[str, list[Any]] = {"target": [], "context": [], "section": []}
    for phrase, group in rules.phrases.items():
        for rule in group:
            if rule.direction:
                out["context"].append(context_rule(phrase, rule.category, direction=rule.direction))
            else:
                out["target"].append(target_rule(phrase, rule.category, metadata=dict(rule.metadata)))
    headings: dict[int, Rule] = {id(rule): rule for rule in rules.headings.values()}
    for rule in headings.values():
        out["section"] += [
            section_rule(phrase, rule.category, metadata=dict(rule.metadata)) for phrase in expand(rule.literal)
        ]
    return out


def from_medspacy(rules: Iterable[Any], categories: Mapping[str, str] | None = None) -> dict[str, list[dict[str, Any]]]:
    """medspaCy's TargetRules, ConTextRules and SectionRules as what a rule file of ours holds.

    Args:
        rules: medspaCy's objects, mixed as they come; `TargetRule.from_json(path)` reads its files.
        categories: theirs → ours, e.g. {"TUMOR": "LESION"}; those that are equal, and the sections of medspaCy's own
            rules, need not be named.

    Raises:
        ConfigError: a rule has a pattern, a callback or another limit than its words.

    >>> from medspacy.target_matcher import TargetRule
    >>> from_medspacy([TargetRule("nidus", "TUMOR")], {"TUMOR": "LESION"})["target_rules"]
    [{'literal': 'nidus', 'category': 'LESION', 'metadata': {}}]
    """
    target_rule, context_rule, section_rule = _classes()
    known = {**_SECTIONS, **(categories or {})}
    out: dict[str, list[dict[str, Any]]] = {"target_rules": [], "context_rules": [], "section_rules": []}
    for number, rule in enumerate(rules, start=1):
        _check_followed(number, rule)
        category = known.get(rule.category, rule.category)
        row = {"literal": rule.literal, "category": category, "metadata": dict(rule.metadata or {})}
        if isinstance(rule, context_rule):
            out["context_rules"] += [{**row, **way} for way in _ways(category, rule.direction.upper())]
        elif isinstance(rule, section_rule):
            out["section_rules"].append(row)
        elif isinstance(rule, target_rule):
            out["target_rules"].append(row)
        else:
            raise ConfigError(
                f"rules: entry {number} is a {type(rule).__name__} vs a TargetRule, ConTextRule or SectionRule."
            )
    return out


def _ways(category: str, direction: str) -> list[dict[str, str]]:
    """Category and direction of a ConTextRule as ours: one that looks both ways is two of ours."""
    if direction in ("TERMINATE", "PSEUDO"):
        return [{"category": direction, "direction": "TERMINATE"}]
    if direction == "BIDIRECTIONAL" and category not in _BOTH_WAYS:
        return [{"category": category, "direction": way} for way in ("FORWARD", "BACKWARD")]
    return [{"category": category, "direction": direction}]


def _check_followed(number: int, rule: Any) -> None:
    said = [name for name in _NOT_FOLLOWED if getattr(rule, name, None)]
    if said:
        raise ConfigError(
            f"rules: entry {number} has {', '.join(said)} vs a literal, category, direction and metadata alone. Its "
            "other conditions would be lost. Write its phrases as rules of their own."
        )
    if any(bracket in rule.literal for bracket in "()[]"):
        raise ConfigError(
            f"rules: entry {number} has brackets in its literal vs words. They mean (optional) and [a|b] here. "
            "Write its phrases as rules of their own."
        )


def _classes() -> tuple[Any, Any, Any]:
    """medspaCy's rule classes, imported without its two side effects: a global warning filter, and PyRuSH's debug log,
    which would write every token of every report to stderr."""
    from loguru import logger

    logger.disable("PyRuSH")
    with warnings.catch_warnings():
        from medspacy.context import ConTextRule
        from medspacy.section_detection import SectionRule
        from medspacy.target_matcher import TargetRule
    return TargetRule, ConTextRule, SectionRule
