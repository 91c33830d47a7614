"""The examples in docstrings give what they say."""

import doctest
import importlib
import pkgutil

import pytest

import jetgen

MODULES = [
    module.name
    for module in pkgutil.walk_packages(jetgen.__path__, "jetgen.")
    if ".kernels." not in module.name and not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0
