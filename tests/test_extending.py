"""The examples of docs/extending.md run as they are written, one after the other."""

import re
import sys
from pathlib import Path
from types import ModuleType

from jetgen.components import REGISTRIES

PAGE = Path(__file__).parents[1] / "docs" / "extending.md"


def test_examples_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 9
    examples = ModuleType("examples")
    monkeypatch.setitem(sys.modules, "examples", examples)
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), vars(examples))


def test_the_table_has_every_registry():
    text = PAGE.read_text(encoding="utf-8")
    for registry in REGISTRIES:
        assert f"`{registry.group}`" in text
        assert registry.base.replace(":", ".") in text
