"""Messages and help texts of the library in the words of the command line.

The library names options as Python does. In its texts the command line replaces, for the
options of the command at hand,

==================================  ===================================================
``time_limit: expected ...``        ``--time-limit: expected ...`` (beginning of the text)
``fix['n']: expected ...``          ``--fix n: expected ...`` (beginning of the text)
``resume=True``, ``prior='flow'``   ``--resume``, ``--prior flow``
a name in backticks: `clip`         ``--clip``
==================================  ===================================================

and a call in backticks, ```jetgen.train(run='runs/a', resume=True)```, by that command with
its own options, ```jetgen train --run runs/a --resume```. Positional arguments keep their names.
```jetgen.registry.allow('package.module')``` becomes ``--plugin package.module``.
"""

from __future__ import annotations

import ast
import re
import shlex
from dataclasses import fields

from jetgen.cli.commands import COMMANDS
from jetgen.config.option import option_types
from jetgen.registry import resolve

_ALLOW = re.compile(r"`jetgen\.registry\.allow\('([\w.]+)'\)`")
_CALL = re.compile(r"`jetgen\.(\w+)(?:\(([^`]*)\))?`")
_BEGINNING = re.compile(r"^(\w+)(?:\['(.*?)'\])?:")
_VALUE = r"'[^']*'|\"[^\"]*\"|\[[^\]]*\]|\([^)]*\)|\{[^}]*\}|-?[\w.+-]*\w"
_ASSIGNMENT = re.compile(rf"(?<![\w'\"`/.-])(\w+)=({_VALUE})")
_NAME = re.compile(r"`(\w+)`")


def to_command_line(text: str, options: type) -> str:
    """``text`` with the fields of the dataclass ``options`` named as on the command line.

    >>> from jetgen.config.train import TrainConfig
    >>> to_command_line("choose another `run`, or go on with resume=True", TrainConfig)
    'choose another --run, or go on with --resume'
    """
    names = {field.name: field.metadata["positional"] for field in fields(options)}
    names |= dict.fromkeys(("plugin", "preset"), False)  # of the command line alone
    hints = {**option_types(options), "plugin": list[str], "preset": str}

    def beginning(found: re.Match[str]) -> str:
        if found[1] not in names or names[found[1]]:
            return found[0]
        return f"{_flag(found[1])}{f' {found[2]}' if found[2] else ''}:"

    def assignment(found: re.Match[str]) -> str:
        if found[1] not in names:
            return found[0]
        try:
            value = ast.parse(found[2], mode="eval").body
        except SyntaxError:  # part of a text that is no Python
            return found[0]
        return _words(found[1], value, names[found[1]], hints[found[1]])

    def name(found: re.Match[str]) -> str:
        if found[1] not in names:
            return found[0]
        return found[1] if names[found[1]] else _flag(found[1])

    text = _BEGINNING.sub(beginning, _CALL.sub(_command, _ALLOW.sub(r"--plugin \1", text)))
    return _NAME.sub(name, _ASSIGNMENT.sub(assignment, text))


def _command(call: re.Match[str]) -> str:
    """A call of a function as the command of that name."""
    if call[1] not in COMMANDS:
        return call[0]
    options = resolve(COMMANDS[call[1]].options)
    positional = {field.name: field.metadata["positional"] for field in fields(options)}
    hints = option_types(options)
    node = ast.parse(f"f({call[2] or ''})", mode="eval").body
    assert isinstance(node, ast.Call)
    words = [" ".join(_values(value)) for value in node.args]
    for keyword in node.keywords:
        key = str(keyword.arg)
        words.append(_words(key, keyword.value, positional.get(key, False), hints.get(key)))
    return f"`{' '.join(['jetgen', call[1], *words])}`"


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _words(name: str, value: ast.expr, positional: bool, hint: object) -> str:
    if isinstance(value, ast.Constant) and isinstance(value.value, bool):
        return _flag(name) if value.value else _flag(f"no_{name}")
    values = _values(value)
    if hint in (tuple[str, ...], dict[str, str]):
        values = [",".join(values)]
    return " ".join(values if positional else [_flag(name), *values])


def _values(value: ast.expr) -> list[str]:
    """The words of a value; a bare name is a placeholder and stands for itself."""
    match value:
        case ast.Name(id=name):
            return [name]
        case ast.Constant(value=constant):
            return ["..."] if constant is ... else [shlex.quote(str(constant))]
        case ast.List(elts=parts) | ast.Tuple(elts=parts):
            return [word for part in parts for word in _values(part)]
        case ast.Dict(keys=keys, values=parts):
            pairs = zip(keys, parts, strict=True)
            return [f"{_values(k)[0]}={_values(v)[0]}" for k, v in pairs if k is not None]
    return [ast.unparse(value)]
