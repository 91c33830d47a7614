"""Regions of jets, written as conditions on their observables."""

from __future__ import annotations

import ast
import operator
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
_LONGEST = 1000


class Region:
    """Jets that meet a condition such as ``mass > 150 and n > 60``.

    A condition compares values with ``<``, ``<=``, ``>``, ``>=``, ``==`` and ``!=``, also chained
    (``60 < mass < 100``), and combines comparisons with ``and``, ``or``, ``not`` and parentheses.
    Values are names of observables, numbers, names of jet classes, and what ``+``, ``-``, ``*``,
    ``/``, ``**``, ``abs()``, ``sqrt()`` and ``log()`` make of them. A name with other characters
    than letters, digits and underscores stands in quotes: ``"ne(m-3)" > 5``. A comparison with a
    missing value (NaN) is false, except ``!=``. The text is parsed, never executed.

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
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            reason = error.msg if isinstance(error, SyntaxError) else str(error)
            raise self._unreadable(reason) from error
        self._check(self._tree)

    def __repr__(self) -> str:
        return f"Region({self.text!r})"

    @property
    def names(self) -> list[str]:
        """The names in the condition, without those of functions and jet classes."""
        called = {id(node.func) for node in ast.walk(self._tree) if isinstance(node, ast.Call)}
        nodes = [node for node in ast.walk(self._tree) if id(node) not in called]
        found = [name for name in map(_name, nodes) if name is not None]
        return [name for name in dict.fromkeys(found) if name not in JET_CLASSES]

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
                values = [self._value(part, observables) for part in (first, *others)]
                sides = zip(comparisons, values[:-1], values[1:], strict=True)
                return torch.stack([_COMPARISONS[type(c)](a, b) for c, a, b in sides]).all(0)
        raise AssertionError("excluded by the check in the constructor")

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
        if name in JET_CLASSES and "type" in observables:
            return torch.full((size,), float(JET_CLASSES.index(name)), dtype=torch.float64)
        raise InputError(
            f"{self.option}: expected names among {some(observables)} and jet classes where the "
            f"type is known, received {name!r}{did_you_mean(name, observables)}"
        )

    def _unreadable(self, reason: str) -> InputError:
        return InputError(
            f"{self.option}: expected comparisons of observables with numbers, combined with and, "
            'or, not ("mass > 150 and n > 60"; names that are no plain word in quotes, '
            f"\"'ne(m-3)' > 5\"), received {self.text[:200]!r}: {reason}"
        )


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
            return isinstance(number, float | int) and not isinstance(number, bool)
    return _name(node) is not None
