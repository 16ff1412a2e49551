import pytest
from reportsup.nlp.rules_extractor import RulesExtractor


@pytest.fixture(scope="session")
def extractor() -> RulesExtractor:
    return RulesExtractor()
