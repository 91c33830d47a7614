"""Every public function of losses, metrics and physics takes clouds, or says what it takes."""

import contextlib
import inspect

import pytest
import torch

import jetgen
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

OTHERS = {
    "jetgen.physics.efp_graphs",  # takes a number of edges
    "jetgen.metrics.fit_peak",  # a shape and a window beside the masses
    "jetgen.losses.energy_movers_distance",  # weights beside each cloud
}


@pytest.fixture
def jets(toy_jets):
    return toy_jets(40, 1)


def needed(function):
    """How many clouds or arrays it takes."""
    parameters = inspect.signature(function).parameters.values()
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    names = [p.name for p in parameters if p.kind in positional and p.default is p.empty]
    return len([n for n in names if "mask" not in n and "weights" not in n])


def test_there_are_many():
    assert len(FUNCTIONS) > 30


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("names", [("E", "px", "py", "pz"), ("pt", "eta", "phi", "mass")])
def test_momenta_are_recognised_in_any_order_and_coordinates(names, jets):
    cartesian = jetgen.physics.to_cartesian(jets).to(torch.float64)
    p4 = jetgen.physics.particle_momenta(cartesian)
    values = dict(zip(("px", "py", "pz", "E"), p4.unbind(-1), strict=True))
    values |= {name: getattr(jetgen.physics, name)(p4) for name in ("pt", "eta", "phi", "mass")}
    particles = torch.stack([values[name] for name in names], dim=-1)
    other = jetgen.from_numpy(particles, jets.mask, features=names)
    for measure in (jetgen.metrics.w1m, jetgen.metrics.fpd):
        expected, found = (measure(each[:20], each[20:], seed=1) for each in (cartesian, other))
        torch.testing.assert_close(found.value, expected.value, rtol=1e-4, atol=1e-7)
    torch.testing.assert_close(
        jetgen.physics.measure(other).observables["relative_mass"],
        jetgen.physics.measure(cartesian).observables["relative_mass"],
        rtol=1e-4,
        atol=1e-6,
    )


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - OTHERS))
@pytest.mark.parametrize("kind", ["clouds", "names of files", "nothing", "a number"])
def test_clouds_are_taken_and_the_rest_is_refused_in_one_line(name, kind, jets):
    value = {"clouds": jets, "names of files": "gluon.h5", "nothing": None, "a number": 3}[kind]
    function = FUNCTIONS[name]
    if kind == "clouds":
        with contextlib.suppress(InputError):
            function(*[value] * needed(function))
        return
    with pytest.raises(InputError, match="expected"):
        function(*[value] * needed(function))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - OTHERS))
def test_tensors_arrays_and_lists_give_the_same_or_one_line(name, jets):
    function = FUNCTIONS[name]
    array = jetgen.physics.to_relative(jets).particles[:8, :6, :3].to(torch.float64)
    found = []
    for form in (array, array.numpy(), array.tolist()):
        try:
            found.append(function(*[form] * needed(function)))
        except InputError as error:
            assert "expected" in str(error) and "\n" not in str(error)
            found.append(None)
    values = [tensors_of(each) for each in found]
    assert all(each.keys() == values[0].keys() for each in values)
    for key, expected in values[0].items():
        for each in values[1:]:
            torch.testing.assert_close(each[key], expected, rtol=0, atol=0, equal_nan=True)


def tensors_of(value):
    """The numbers of a result by their place in it."""
    if isinstance(value, torch.Tensor):
        return {"": value}
    if isinstance(value, float | int):
        return {"": torch.tensor(value)}
    parts = value if isinstance(value, dict) else getattr(value, "__dict__", {})
    if isinstance(value, tuple):
        parts = dict(enumerate(value))
    return {f"{k}.{n}": v for k, part in parts.items() for n, v in tensors_of(part).items()}


def test_formulas_take_four_momenta_of_arrays():
    p4 = torch.tensor([[3.0, 4.0, 0.0, 13.0]], dtype=torch.float64)
    for form in (p4, p4.numpy(), p4.tolist()):
        assert jetgen.physics.pt(form).item() == 5 and jetgen.physics.mass(form).item() == 12
    for name in ("pt", "eta", "phi", "mass"):
        with pytest.raises(InputError, match=rf"^{name}: expected four-momenta \(\.\.\., 4\)"):
            getattr(jetgen.physics, name)(p4[:, :3])


@pytest.mark.parametrize("kind", ["cloud", "array", "awkward"])
def test_write_takes_what_is_taken_as_jets(kind, jets, tmp_path):
    given = {
        "cloud": lambda: jets,
        "array": lambda: jetgen.physics.to_relative(jets).particles[..., :3].numpy(),
        "awkward": lambda: jets.to_awkward(),
    }[kind]()
    found = jetgen.read(jetgen.write(given, tmp_path / "jets.h5"))
    assert len(found) == len(jets) and int(found.mask.sum()) == int(jets.mask.sum())


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: jetgen.read(3),
        lambda: jetgen.read(None),
        lambda: jetgen.read("jets.h5", map="text"),
        lambda: jetgen.read("jets.h5", map={"px": 3}),
        lambda: jetgen.load(3),
        lambda: jetgen.load(None),
        lambda: jetgen.write("jets", "jets.h5"),
        lambda: jetgen.write(3, "jets.h5"),
        lambda: jetgen.write([[[0.1, 0.2, 0.7]]], 3),
    ],
)
def test_what_is_neither_file_nor_jets_is_refused_in_one_line(wrong):
    with pytest.raises(InputError, match=r"^\w+: expected .*received [^\n]*$"):
        wrong()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["fpd", "kpd", "w1m", "w1p", "w1efp", "cov_mmd"])
@pytest.mark.parametrize("few", [1, 2])
def test_one_or_two_jets_have_no_distance(name, few, jets):
    for pair in ((jets, jets[:few]), (jets[:few], jets)):
        with pytest.raises(InputError, match=r"expected at least 3 jets on each side, received"):
            getattr(jetgen.metrics, name)(*pair)
