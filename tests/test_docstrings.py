"""The examples in docstrings give what they say."""

import doctest
import importlib
from pathlib import Path

import pytest

import jetgen

PACKAGE = Path(jetgen.__file__).parent
MODULES = [
    ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
    for path in sorted(PACKAGE.rglob("*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    failed, run = doctest.testmod(importlib.import_module(name))
    assert run and not failed
