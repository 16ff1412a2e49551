"""The rules as medspaCy's own objects, for pipelines and visualisations that are built on medspaCy.

reportsup itself does not run medspaCy's matchers (docs/rules.md says why); whoever works with them can take the
vocabulary along.
"""

import warnings
from pathlib import Path
from typing import Any

from .rule_files import Rule, expand, load_rules


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
