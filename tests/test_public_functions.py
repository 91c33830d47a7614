"""Every public function of losses, metrics and physics takes clouds, or says what it takes."""

import contextlib
import inspect

import pytest

import jetgen
import jetgen.kinematics
import jetgen.losses
import jetgen.metrics
import jetgen.physics
from jetgen.errors import InputError

FUNCTIONS = {
    f"{room.__name__}.{name}": function
    for room in (jetgen.losses, jetgen.metrics, jetgen.physics)
    for name in dir(room)
    if inspect.isroutine(function := getattr(room, name))
}

OF_TENSORS = {
    f"jetgen.physics.{name}" for name in vars(jetgen.kinematics) if not name.startswith("_")
}
"""Formulas of four-momenta, which are used within others and convert nothing."""

OTHERS = {
    "jetgen.physics.efp_graphs": "it takes a number of edges",
    "jetgen.metrics.fit_peak": "it takes a shape and a window beside the masses",
    "jetgen.losses.energy_movers_distance": "it takes weights beside each cloud",
}


@pytest.fixture
def jets(toy_jets):
    return toy_jets(120, 1)


def needed(function):
    """How many clouds or arrays it takes."""
    parameters = inspect.signature(function).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.kind in positional and p.default is p.empty]
    return len([n for n in names if "mask" not in n and "weights" not in n])


def test_there_are_many():
    assert len(FUNCTIONS) > 30


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("kind", ["clouds", "names of files", "nothing"])
def test_clouds_are_taken_and_the_rest_is_refused_in_one_line(name, kind, jets):
    if name in OF_TENSORS or name in OTHERS:
        pytest.skip(OTHERS.get(name, "a formula of tensors"))
    value = {"clouds": jets, "names of files": "gluon.h5", "nothing": None}[kind]
    function = FUNCTIONS[name]
    if kind == "clouds":
        with contextlib.suppress(InputError):
            function(*[value] * needed(function))
        return
    with pytest.raises(InputError, match="expected"):
        function(*[value] * needed(function))
