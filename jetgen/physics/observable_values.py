"""All values available for jets or other sets, one per set: observables, features, the class."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError, did_you_mean, some
from jetgen.physics.classes import UNKNOWN_CLASS
from jetgen.physics.observables import JET_OBSERVABLES, MeasuredSets, Observable, measure
from jetgen.physics.substructure import SUBSTRUCTURE_OBSERVABLES, with_substructure

TYPE = "type"
_TYPE = Observable(TYPE, "jet type", "Jet type")
_SHORT = {"n": "multiplicity"}


@dataclass(frozen=True)
class ObservableValues:
    """An observable and its ``(B,)`` values.

    Args:
        observable: the quantity.
        values: one per set.
        name_class: function from an index to the name of its class; None for numbers.
    """

    observable: Observable
    values: Tensor
    name_class: Callable[[int], str] | None = None

    @property
    def discrete(self) -> bool:
        """Whether the values are class indices."""
        return self.name_class is not None

    def __getitem__(self, index: Tensor | slice) -> ObservableValues:
        """The sets that ``index`` selects."""
        return replace(self, values=self.values[index])


def observe(sets: ParticleCloud, measured: MeasuredSets) -> dict[str, ObservableValues]:
    """All values available for these sets, by name; the class if there are several classes.

    Args:
        sets: a cloud, with the condition ``type`` if it is available.
        measured: the same sets, measured.
    """
    class_name = measured.kind.class_name
    known = {
        o.name: ObservableValues(o, values, class_name if o.name == TYPE else None)
        for o, values in measured.kind.observables(measured)
    }
    if TYPE not in known and sets.has_condition(TYPE):
        types = sets.condition(TYPE).double()
        if len(types.unique()) > 1 and not (types == UNKNOWN_CLASS).any():
            known[TYPE] = ObservableValues(_TYPE, types, class_name)
    return known


def jet_observables(measured: MeasuredSets) -> list[tuple[Observable, Tensor]]:
    """The observables and substructure available for these jets, with their values."""
    found = with_substructure(measured).observables
    everything = (*JET_OBSERVABLES, *SUBSTRUCTURE_OBSERVABLES)
    return [(o, found[o.name]) for o in everything if o.name in found]


def jet_values(jets: ParticleCloud) -> dict[str, Tensor]:
    """The values of all observables of jets, by name and short name."""
    return values_by_name(observe(jets, measure(jets)))


def values_by_name(observed: dict[str, ObservableValues]) -> dict[str, Tensor]:
    """The values by name and short name (``n`` for the multiplicity)."""
    values = {name: known.values for name, known in observed.items()}
    return values | {short: values[name] for short, name in _SHORT.items() if name in values}


def observables_named(
    observed: dict[str, ObservableValues], names: tuple[str, ...], option: str
) -> list[ObservableValues]:
    """The observables with these names or short names.

    Raises:
        InputError: for a name that is not among the observables.
    """
    unknown = [name for name in names if _SHORT.get(name, name) not in observed]
    if unknown:
        raise InputError(
            f"{option}: expected names among {some([*_SHORT, *observed])}, received "
            f"{', '.join(unknown)}{did_you_mean(unknown[0], [*_SHORT, *observed])}"
        )
    return [observed[_SHORT.get(name, name)] for name in names]
