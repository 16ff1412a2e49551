"""The examples in the docstrings run."""

import doctest
import importlib

import pytest

MODULES = ("atomic",)


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    outcome = doctest.testmod(importlib.import_module(f"reportsup.schemas.{name}"))
    assert outcome.attempted > 0
    assert outcome.failed == 0
