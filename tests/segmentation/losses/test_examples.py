"""The examples in the docstrings run and print what they say."""

import doctest
import importlib
import pkgutil

import pytest
import reportsup.segmentation.losses as losses

MODULES = ["reportsup.segmentation.lesion_targets"] + [
    f"{losses.__name__}.{module.name}" for module in pkgutil.iter_modules(losses.__path__)
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples(name):
    assert doctest.testmod(importlib.import_module(name)).failed == 0
