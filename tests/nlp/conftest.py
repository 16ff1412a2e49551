from collections.abc import Callable

import pytest
from reportsup.nlp.decide.model import DECISIONS, Chooser, Weights
from reportsup.nlp.reader import Reader
from reportsup.nlp.rule_files import load_rules
from reportsup.nlp.rules_extractor import RulesExtractor
from reportsup.nlp.spans import Sentence


@pytest.fixture(scope="session")
def extractor() -> RulesExtractor:
    return RulesExtractor()


@pytest.fixture(scope="session")
def recognise() -> Callable[[str], list[Sentence]]:
    """A report's sentences with their spans; no weight decides anything."""
    return Reader(load_rules(), Weights({name: Chooser({}) for name in DECISIONS})).recognise
