"""The examples in the docstrings run."""

import doctest
import importlib

import pytest

MODULES = ("components", "evaluate", "lesions", "overlap", "patients", "statistics", "volume_agreement")


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    outcome = doctest.testmod(importlib.import_module(f"reportsup.segmentation.evaluation.{name}"))
    assert outcome.attempted > 0
    assert outcome.failed == 0
