"""Regions of jets, written as conditions on their observables."""

from __future__ import annotations

import ast
import operator
import sys
from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from jetgen.errors import InputError, did_you_mean, some
from jetgen.physics.classes import JET_CLASSES

_COMPARISONS: dict[type[ast.cmpop], Callable[[Tensor, Tensor], Tensor]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_ARITHMETIC: dict[type[ast.operator], Callable[[Tensor, Tensor], Tensor]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
}
_FUNCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "abs": torch.abs,
    "sqrt": torch.sqrt,
    "log": torch.log,
}
_LONGEST, _DEEPEST = 1000, 250
"""Characters of a condition, and levels of operations within each other."""


class Region:
    """Jets that meet a condition such as ``mass > 150 and n > 60``.

    A condition compares values with ``<``, ``<=``, ``>``, ``>=``, ``==`` and ``!=``, also chained
    (``60 < mass < 100``), and combines comparisons with ``and``, ``or``, ``not`` and parentheses.
    Values are names of observables, numbers, names of jet classes, and what ``+``, ``-``, ``*``,
    ``/``, ``**``, ``abs()``, ``sqrt()`` and ``log()`` make of them. A name with other characters
    than letters, digits and underscores stands in quotes: ``"ne(m-3)" > 5``. A comparison with a
    missing value (NaN) is false, except ``!=``. A number that is compared with a
    column in single precision is rounded to that, so that 0.1 equals the 0.1 of a file. The names
    of jet classes stand for classes where they are compared with ``type``, and for columns
    elsewhere. The text is parsed, never executed.

    Args:
        text: the condition.
        option: the option that it was passed by, for messages.

    Raises:
        InputError: when the text is not such a condition.

    >>> region = Region("60 < mass < 100 or type == top")
    >>> jets = {"mass": torch.tensor([80.0, 120.0, 170.0]), "type": torch.tensor([3, 0, 2])}
    >>> region.select(jets)
    tensor([ True, False,  True])
    >>> Region("abs(mass - 'm(top)') / mass < 0.1").select(jets | {"m(top)": torch.tensor(173.0)})
    tensor([False, False,  True])
    """

    def __init__(self, text: str, option: str = "region") -> None:
        self.text, self.option = text, option
        try:
            if len(text) > _LONGEST:
                raise ValueError(f"{len(text)} characters, at most {_LONGEST} are allowed")
            self._tree = ast.parse(text.strip(), mode="eval").body
            if (depth := _depth(self._tree)) > _DEEPEST:
                raise ValueError(f"{depth} levels of operations, at most {_DEEPEST} are allowed")
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            raise self._unreadable(reason) from error
        self._check(self._tree)

    def __repr__(self) -> str:
        return f"Region({self.text!r})"

    @property
    def names(self) -> list[str]:
        """The names in the condition, without those of functions and jet classes."""
        other = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        for node in ast.walk(self._tree):
            if isinstance(node, ast.Compare):
                other.update(map(id, _classes(node)))
        nodes = [node for node in ast.walk(self._tree) if id(node) not in other]
        return list(dict.fromkeys(name for name in map(_name, nodes) if name is not None))

    def select(self, observables: Mapping[str, Tensor]) -> Tensor:
        """``(B,)`` bool, true for jets in the region.

        Args:
            observables: values ``(B,)`` by name; ``type`` as the index of the class.

        Raises:
            InputError: when the condition names an observable that ``observables`` lacks.
        """
        return self._truth(self._tree, observables)

    def _check(self, node: ast.expr) -> None:
        match node:
            case ast.BoolOp(values=parts):
                for part in parts:
                    self._check(part)
            case ast.UnaryOp(op=ast.Not(), operand=part):
                self._check(part)
            case ast.Compare(left=left, ops=comparisons, comparators=right):
                unknown = [c for c in comparisons if type(c) not in _COMPARISONS]
                if unknown or not all(_is_value(value) for value in (left, *right)):
                    raise self._unreadable(ast.unparse(node))
            case _:
                raise self._unreadable(ast.unparse(node))

    def _truth(self, node: ast.expr, observables: Mapping[str, Tensor]) -> Tensor:
        match node:
            case ast.BoolOp(op=joint, values=parts):
                truths = torch.stack([self._truth(part, observables) for part in parts])
                return truths.all(0) if isinstance(joint, ast.And) else truths.any(0)
            case ast.UnaryOp(operand=part):
                return ~self._truth(part, observables)
            case ast.Compare(left=first, ops=comparisons, comparators=others):
                values = [self._side(part, node, observables) for part in (first, *others)]
                sides = zip(comparisons, values[:-1], values[1:], strict=True)
                return torch.stack([_COMPARISONS[type(c)](a, b) for c, a, b in sides]).all(0)
        raise AssertionError("excluded by the check in the constructor")

    def _side(
        self, node: ast.expr, comparison: ast.Compare, observables: Mapping[str, Tensor]
    ) -> Tensor:
        """The values ``(B,)`` of a side of a comparison."""
        if node in _classes(comparison):
            size = len(next(iter(observables.values())))
            return torch.full((size,), float(JET_CLASSES.index(str(_name(node)))))
        value = self._value(node, observables)
        columns = (observables.get(_name(side) or "") for side in _sides(comparison))
        single = any(column is not None and column.dtype == torch.float32 for column in columns)
        return value.float().double() if single and _is_number(node) else value

    def _value(self, node: ast.expr, observables: Mapping[str, Tensor]) -> Tensor:
        match node:
            case ast.BinOp(left=left, op=sign, right=right):
                sides = self._value(left, observables), self._value(right, observables)
                return _ARITHMETIC[type(sign)](*sides)
            case ast.UnaryOp(operand=part):
                return -self._value(part, observables)
            case ast.Call(func=ast.Name(id=function), args=[part]):
                return _FUNCTIONS[function](self._value(part, observables))
        size, name = len(next(iter(observables.values()))), _name(node)
        if name is None:
            number = float(ast.literal_eval(node))
            return torch.full((size,), number, dtype=torch.float64)
        if name in observables:
            return observables[name].double()
        raise InputError(
            f"{self.option}: expected names among {some(observables)}, or jet classes beside "
            f"`type`, received {name!r}{did_you_mean(name, observables)}"
        )

    def _unreadable(self, reason: str) -> InputError:
        return InputError(
            f"{self.option}: expected comparisons of observables with numbers, combined with and, "
            'or, not ("mass > 150 and n > 60"; names that are no plain word in quotes, '
            f"\"'ne(m-3)' > 5\"), received {self.text[:200]!r}: {reason}"
        )


def _depth(tree: ast.AST) -> int:
    """The number of levels of a tree."""
    depth, level = 0, [tree]
    while level:
        depth, level = depth + 1, [part for node in level for part in ast.iter_child_nodes(node)]
    return depth


def _sides(comparison: ast.Compare) -> list[ast.expr]:
    return [comparison.left, *comparison.comparators]


def _classes(comparison: ast.Compare) -> list[ast.expr]:
    """The sides that stand for jet classes."""
    sides = _sides(comparison)
    typed = "type" in map(_name, sides)
    return [side for side in sides if typed and _name(side) in JET_CLASSES]


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp):
        return _is_number(node.operand)
    return isinstance(node, ast.Constant) and not isinstance(node.value, str)


def _name(node: ast.AST) -> str | None:
    """The name that a node stands for, a plain word or a text in quotes."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Constant(value=str(name)):
            return name
    return None


def _is_value(node: ast.expr) -> bool:
    match node:
        case ast.BinOp(left=left, op=sign, right=right):
            return type(sign) in _ARITHMETIC and _is_value(left) and _is_value(right)
        case ast.UnaryOp(op=ast.USub(), operand=part):
            return _is_value(part)
        case ast.Call(func=ast.Name(id=function), args=[part], keywords=[]):
            return function in _FUNCTIONS and _is_value(part)
        case ast.Constant(value=number) if not isinstance(number, str):
            if isinstance(number, bool) or not isinstance(number, float | int):
                return False
            return number <= sys.float_info.max
    return _name(node) is not None
