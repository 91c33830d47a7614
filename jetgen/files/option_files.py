"""YAML files that somebody else may have written: read within bounds, or refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from jetgen.errors import InputError

LARGEST = 10_000_000
"""Bytes of a file, and values in it after its aliases (``*name``) are replaced."""


def read_yaml(path: str | Path) -> Any:
    """The content of a YAML file.

    Raises:
        InputError: when it cannot be read, is no YAML in UTF-8, gives a name twice, or is larger
            than ``LARGEST``.
    """
    path = Path(path)
    try:
        if path.stat().st_size > LARGEST:
            raise InputError(
                f"{path}: expected a YAML file of at most {LARGEST:,} bytes, received "
                f"{path.stat().st_size:,}"
            )
        text = path.read_text(encoding="utf-8")
        loader = yaml.SafeLoader(text)
        root = loader.get_single_node()
        if root is None:
            return None
        if (values := _values(root, {})) > LARGEST // 100:
            raise InputError(
                f"{path}: expected at most {LARGEST // 100:,} values, received {values:,} after "
                "its aliases are replaced"
            )
        return loader.construct_document(root)
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: expected YAML text in UTF-8, received other bytes") from error
    except OSError as error:
        raise InputError(f"{path}: expected a YAML file; {error.strerror}") from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(f"{path}: expected YAML; {_where(error)}") from error


def _values(node: yaml.Node, known: dict[int, int]) -> int:
    """The number of values below a node, those of an alias each time it is used."""
    if id(node) in known:
        return known[id(node)]
    known[id(node)] = LARGEST  # a node within itself
    below: list[yaml.Node] = []
    if isinstance(node, yaml.SequenceNode):
        below = node.value
    elif isinstance(node, yaml.MappingNode):
        _require_each_once(node)
        below = [part for pair in node.value for part in pair]
    known[id(node)] = 1 + sum(_values(part, known) for part in below)
    return known[id(node)]


def _require_each_once(mapping: yaml.MappingNode) -> None:
    """Refuse a name that is given twice, of which YAML would take the last."""
    known = set()
    for key, _ in mapping.value:
        if isinstance(key, yaml.ScalarNode):
            if key.value in known:
                raise yaml.MarkedYAMLError(
                    problem=f"{key.value!r} is given again", problem_mark=key.start_mark
                )
            known.add(key.value)


def _where(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    if mark is None:
        return " ".join(str(error).split())[:200] or type(error).__name__
    return f"{getattr(error, 'problem', None) or 'not understood'} in line {mark.line + 1}"
