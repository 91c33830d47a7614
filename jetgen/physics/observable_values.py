"""Everything known of jets or other sets, one number a set: observables, columns, the class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.physics.classes import JET_CLASSES, UNKNOWN_CLASS, class_name
from jetgen.physics.columns import columns
from jetgen.physics.observables import JET_OBSERVABLES, MeasuredSets, Observable
from jetgen.physics.substructure import SUBSTRUCTURE_OBSERVABLES, with_substructure

TYPE = "type"
_TYPE = Observable(TYPE, "jet type", "Jet type")
_SHORT = {"n": "multiplicity"}


@dataclass(frozen=True)
class ObservableValues:
    """An observable and its ``(B,)`` values.

    Args:
        observable: what is known.
        values: of each set.
        name_class: the name of a class, where values are those of classes.
    """

    observable: Observable
    values: Tensor
    name_class: Callable[[int], str] | None = None

    @property
    def discrete(self) -> bool:
        """Whether the values are classes."""
        return self.name_class is not None

    def __getitem__(self, index: Tensor | slice) -> ObservableValues:
        """The sets that ``index`` selects."""
        return replace(self, values=self.values[index])


def observe(jets: ParticleCloud, measured: MeasuredSets) -> dict[str, ObservableValues]:
    """What these jets determine, by name; the class where there are jets of several.

    Args:
        jets: a cloud, with the condition ``type`` where it is known.
        measured: the same jets, measured.
    """
    found = with_substructure(measured).observables
    known = {
        o.name: ObservableValues(o, found[o.name])
        for o in (*JET_OBSERVABLES, *SUBSTRUCTURE_OBSERVABLES)
        if o.name in found
    }
    if jets.has_condition(TYPE):
        types = jets.condition(TYPE).double()
        if len(types.unique()) > 1 and not (types == UNKNOWN_CLASS).any():
            known[TYPE] = ObservableValues(_TYPE, types, class_name)
    return known


def observe_columns(measured: MeasuredSets) -> dict[str, ObservableValues]:
    """The columns of sets with named features, by name, those that vary; ``type`` is a class."""
    return {
        o.name: ObservableValues(o, values, _name_class if o.name == TYPE else None)
        for o, values in columns(measured.relative)
        if len(values.unique()) > 1
    }


def _name_class(index: int) -> str:
    """The classes of tables are numbers of their own, which are those of jets by chance alone."""
    return str(index) if index < len(JET_CLASSES) else class_name(index)


def values_by_name(observed: dict[str, ObservableValues]) -> dict[str, Tensor]:
    """The values by their names and short names (``n`` for the multiplicity)."""
    values = {name: known.values for name, known in observed.items()}
    return values | {short: values[name] for short, name in _SHORT.items() if name in values}


def observables_named(
    observed: dict[str, ObservableValues], names: tuple[str, ...], option: str
) -> list[ObservableValues]:
    """The observables of these names or short names.

    Raises:
        InputError: for a name that is not known of these jets.
    """
    unknown = [name for name in names if _SHORT.get(name, name) not in observed]
    if unknown:
        raise InputError(
            f"{option}: expected names among {', '.join([*_SHORT, *observed])}, received "
            f"{', '.join(unknown)}"
        )
    return [observed[_SHORT.get(name, name)] for name in names]
