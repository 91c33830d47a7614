"""Losses, metrics and physics take clouds, tensors, NumPy and awkward arrays alike."""

import subprocess
import sys

import awkward as ak
import numpy as np
import pytest
import torch

import jetgen
from jetgen.cloud import CARTESIAN, RELATIVE, ParticleCloud
from jetgen.conversion import with_momenta
from jetgen.errors import InputError, InputWarning
from jetgen.physics.fourvectors import to_cartesian, to_relative


@pytest.fixture
def jets(toy_jets):
    return to_relative(toy_jets(150, 1)).to(torch.float64)


def forms(cloud):
    """The same relative jets in every form that is taken, the first as a cloud."""
    particles, mask = cloud.to_numpy()
    bare = ParticleCloud(cloud.particles, cloud.mask, RELATIVE)
    return {
        "cloud": bare,
        "numpy": particles,
        "numpy with mask": np.concatenate([particles, mask[..., None]], axis=-1),
        "torch": torch.from_numpy(particles),
        "awkward": bare.to_awkward(),
    }


@pytest.mark.filterwarnings("ignore::jetgen.metrics.FewJetsWarning")
def test_every_form_gives_the_same_metrics(jets, toy_jets):
    others = forms(to_relative(toy_jets(150, 2)).to(torch.float64))
    few = {"min_jets": 50, "max_jets": 100, "batches": 2}
    found = {
        name: (
            jetgen.metrics.fpd(form, others[name], **few),
            jetgen.metrics.kpd(form, others[name], batch_size=50),
            jetgen.metrics.w1m(form, others[name], jets=100),
            jetgen.metrics.fpd(jetgen.metrics.jet_efps(form), others[name], **few),
        )
        for name, form in forms(jets).items()
    }
    for values in found.values():
        assert values == found["cloud"]
    assert found["cloud"][0] == found["cloud"][3]
    assert found["cloud"][0].value > 0


def test_every_form_gives_the_same_observables(jets):
    expected = jetgen.physics.efps(jets, max_degree=2)
    for form in forms(jets).values():
        assert torch.equal(jetgen.physics.efps(form, max_degree=2), expected)
    particles, mask = jets.to_numpy()
    for given in ((particles, mask), (torch.from_numpy(particles), jets.mask)):
        assert torch.equal(jetgen.physics.efps(*given, max_degree=2), expected)
        assert torch.equal(jetgen.physics.pt_dispersion(*given), jetgen.physics.pt_dispersion(jets))
    p4 = to_cartesian(jets).to_awkward()
    masses = jetgen.physics.soft_drop_mass(p4)
    assert torch.allclose(masses, jetgen.physics.soft_drop_mass(to_cartesian(jets)))


def test_gradients_pass_through_the_conversion():
    particles = torch.rand(2, 4, 3, requires_grad=True)
    jetgen.physics.efps(particles).sum().backward()
    assert bool((particles.grad != 0).any())


def test_losses_take_arrays_and_clouds(jets):
    x, y = jets[:20], jets[20:40]
    expected = jetgen.losses.chamfer(x.particles, x.mask, y.particles, y.mask)
    assert torch.equal(jetgen.losses.chamfer(*x.to_numpy(), *y.to_numpy()), expected)
    assert torch.equal(jetgen.losses.chamfer(x, y), expected)
    weights = {"x_weights": x.feature("ptrel"), "y_weights": y.feature("ptrel")}
    arrays = {name: tensor.numpy() for name, tensor in weights.items()}
    assert torch.equal(jetgen.losses.emd(x, y, **arrays), jetgen.losses.emd(x, y, **weights))
    with pytest.raises(InputError, match=r"the same of both clouds, received etarel, .* and px"):
        jetgen.losses.chamfer(x, to_cartesian(y))
    masses = jetgen.losses.mass_difference(*x.to_numpy(), *y.to_numpy())
    assert torch.allclose(masses, (bare(x).mass - bare(y).mass).square())


def bare(cloud):
    return ParticleCloud(cloud.particles, cloud.mask, RELATIVE)


LOSSES = ["chamfer", "density_aware_chamfer", "emd", "exact_emd", "mse", "bce"]


@pytest.mark.parametrize("name", LOSSES)
def test_masks_of_zero_padded_sets_may_be_omitted(name, jets):
    x, y = (bare(each) for each in (jets[:20], jets[20:40]))
    assert bool((~x.mask).any()), "expected padding"
    loss = getattr(jetgen.losses, name)
    a, b = (each.particles.abs().clamp(max=1.0) for each in (x, y))  # as bce needs them
    expected = loss(a, x.mask, b, y.mask)
    for found in (
        loss(a, b), loss(a, x.mask, b), loss(a, b, y.mask), loss(x=a, y=b), loss(a, y=b.numpy()),
        loss(a.tolist(), b.tolist()),
    ):  # fmt: skip
        assert torch.equal(found, expected)
    module = {"chamfer": "Chamfer", "emd": "EMD", "mse": "MSE", "bce": "BCE"}.get(name)
    if module:
        made = getattr(jetgen.losses, module)()
        assert torch.equal(made(a, b), made(a, x.mask, b, y.mask))
    with pytest.raises(TypeError, match="'y'"):
        loss(a, x.mask)


LISTS = {"px": "part_px", "py": "part_py", "pz": "part_pz"}


def test_lists_of_uproot_are_recognised_by_name_or_map(toy_jets):
    jets = to_cartesian(to_relative(toy_jets(30, 1)))
    particles = jets.to_awkward().particles
    tree = ak.Array({part: particles[name] for name, part in LISTS.items()})
    found = jetgen.from_awkward(tree)
    assert found.features == CARTESIAN
    torch.testing.assert_close(found.particles, jets.compact().particles[..., :3])
    torch.testing.assert_close(found.condition("pt").double(), found.pt, rtol=1e-5, atol=0)
    other = ak.Array(
        {name: tree[part] * 1000 for name, part in zip("abc", tree.fields, strict=True)}
    )
    columns = {"px": "a", "py": "b", "pz": "c", "unit": "MeV"}
    for array in (other, ak.zip({name: other[name] for name in "abc"})):
        mapped = jetgen.from_awkward(array, map=columns, size=40)
        torch.testing.assert_close(mapped.compact().particles, found.particles)
    assert [f.name for f in jetgen.from_awkward(other).features] == ["a", "b", "c"]
    assert [f.name for f in jetgen.from_awkward(other, ["b", "a"]).features] == ["b", "a"]


def test_names_of_momenta_are_recognised_and_near_misses_said():
    values = np.ones((2, 4, 3))
    found = jetgen.from_numpy(values, features=tuple(LISTS.values()))
    assert found.features == CARTESIAN
    with pytest.warns(InputWarning, match="p_x, p_y, p_z are taken as names .* px, py, pz"):
        jetgen.from_numpy(values, features=("p_x", "p_y", "p_z"))
    jetgen.from_numpy(values, features=("a", "b", "c"))  # no jets


@pytest.mark.parametrize(
    "features",
    [
        ("px", "py", "pz"),
        ("px", "py", "pz", "E"),
        ("px", "py", "pz", "mass"),
        ("pt", "eta", "phi"),
        ("pt", "eta", "phi", "E"),
        ("pt", "y", "phi", "mass"),
        ("etarel", "phirel", "ptrel"),
    ],
)
def test_awkward_jets_have_vectors_methods_in_every_representation(features):
    rng = np.random.default_rng(1)
    values = rng.uniform(0.1, 1, (5, 4, len(features)))
    if features[-1] == "E":
        values[..., 3] = 5
    jets = jetgen.from_numpy(values, features=features)
    array = jets.to_awkward()
    for of_jets in (array, ak.sum(array.particles, axis=1)):
        np.testing.assert_allclose(of_jets.mass, jets.mass, rtol=1e-6)
        np.testing.assert_allclose(of_jets.pt, jets.pt, rtol=1e-6)
    back = with_momenta(jetgen.from_awkward(array))
    np.testing.assert_allclose(back.mass, jets.mass, rtol=1e-6)


@pytest.mark.parametrize(
    ("system", "size"),
    [("rhophietatau", 4), ("xyzt", 4), ("rhophithetat", 4), ("xyz", 3), ("rhophieta", 3)],
)
def test_momenta_of_vector_are_taken_in_any_coordinates(system, size, jets):
    momenta = to_cartesian(jets).to_awkward().particles
    moved = getattr(momenta.rotateZ(0.0), f"to_{system}")()
    found = jetgen.from_awkward(moved)
    assert found.features[:3] == CARTESIAN and len(found.features) == size
    np.testing.assert_allclose(found.mass, jets.mass, rtol=1e-6)
    raw = jetgen.from_awkward(moved, features=moved.fields[:1])
    assert [f.name for f in raw.features] == moved.fields[:1]


class Frame:
    """As a data frame of pandas: columns by name, ``object`` where they hold lists or words."""

    def __init__(self, columns):
        self.columns, self._held = list(columns), columns

    def __getitem__(self, name):
        return self._held[name]


@pytest.mark.parametrize("kind", [dict, Frame])
def test_columns_by_name_are_taken_as_those_of_a_file(kind, jets):
    cartesian = to_cartesian(jets)
    particles, mask = cartesian.to_numpy()
    numbered = {f"{name}_{k}": particles[:, k, i] for k in range(mask.shape[1])
                for i, name in enumerate(("px", "py", "pz"))}  # fmt: skip
    padded = {f"part_{name}": particles[..., i] for i, name in enumerate(("px", "py", "pz"))}
    lists = np.empty(len(mask), dtype=object)
    ragged = {name: lists.copy() for name in padded}
    for name, column in padded.items():
        ragged[name][:] = [row[inside] for row, inside in zip(column, mask, strict=True)]
    for columns in (numbered, padded, ragged):
        labels = {"is_signal_new": np.arange(len(mask)) % 2, "word": ["a"] * len(mask)}
        table = kind({**columns, **labels})
        found = jetgen.from_awkward(table)
        np.testing.assert_allclose(found.mass, cartesian.mass, rtol=1e-5)
        assert found.condition("type").tolist() == [11, 2] * (len(mask) // 2)
        polynomials = jetgen.physics.efps(cartesian, max_degree=2)
        assert torch.allclose(jetgen.physics.efps(table, max_degree=2), polynomials, rtol=1e-5)


def test_clouds_with_and_without_energy_are_compared_by_their_common_features(jets):
    four = to_cartesian(jets)
    three = four.replace(particles=four.particles[..., :3], features=four.features[:3])
    x, y = four[:20], three[20:40]
    for loss in (jetgen.losses.chamfer, jetgen.losses.emd, jetgen.losses.mse):
        assert torch.equal(loss(x, y), loss(three[:20], y))
        assert torch.equal(loss(y, x), loss(y, three[:20]))


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        (
            np.ones((5, 3)),
            r"expected an array \(jets, particles, 3 or 4\).*received shape \(5, 3\)",
        ),
        (np.ones((5, 3, 7)), r"received shape \(5, 3, 7\); jetgen.from_numpy takes other"),
        (np.array([["a"]]), "jets: expected an array of numbers, received ndarray"),
        (np.full((5, 3, 4), 25.0), "the fourth column: expected a mask of 0 and 1, .* such as 25"),
        (np.ma.masked_less(np.eye(3)[None], 0.5), "jets: .* without gaps, received masked entries"),
        (np.ones((5, 3, 3), complex), "jets: expected real numbers .* received complex numbers"),
    ],
)
def test_other_arrays_are_refused_in_one_line(wrong, message):
    with pytest.raises(InputError, match=message) as error:
        jetgen.physics.efps(wrong)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mask": np.full((5, 4), 0.5)}, "mask: expected a mask of 0 and 1, .* such as 0.5"),
        ({"mask": np.full((5, 4), 2)}, "mask: expected a mask of 0 and 1, .* such as 2"),
        ({"features": "px,py,pz"}, "features: expected a list of names"),
        ({"features": ("px", "py", "px")}, "features: expected each name once, received px"),
    ],
)
def test_arrays_that_cannot_be_meant_so_are_refused(change, message):
    with pytest.raises(InputError, match=message):
        jetgen.from_numpy(np.ones((5, 4, 3)), **change)


@pytest.mark.parametrize("lists", [True, False])
@pytest.mark.parametrize("px", [[[1.0, None], [2.0]], [[1.0, 3.0], None]])
def test_missing_values_of_awkward_arrays_are_refused(px, lists):
    fields = {"px": ak.Array(px), "py": ak.Array([[1.0, 2.0], [3.0]])}
    fields["pz"] = fields["py"]
    array = ak.Array(fields) if lists else ak.zip(fields)
    with pytest.raises(InputError, match=r"array: expected a number .* received None \d+ times"):
        jetgen.from_awkward(array)


@pytest.mark.parametrize("eta", [[[0.1, 0.2], [0.3]], [[0.1, None], [0.3]]])
def test_records_of_particles_beside_numbers_of_the_jet(eta):
    particles = ak.zip({"pt": [[1.0, 2.0], [3.0]], "eta": eta, "phi": [[0.0, 0.5], [1.0]]})
    array = ak.zip({"constituents": particles, "label": [4, 5]}, depth_limit=1)
    if eta[0][1] is None:
        with pytest.raises(InputError, match=r"received None 1 times in constituents\.eta"):
            jetgen.from_awkward(array)
        return
    cloud = jetgen.from_awkward(array)
    assert cloud.multiplicity.tolist() == [2, 1] and cloud.condition("label").tolist() == [4, 5]
    np.testing.assert_allclose(cloud.pt[1], 3.0)


def test_functions_are_reached_without_importing_their_namespace():
    code = (
        "import sys, jetgen\n"
        "assert 'torch' not in sys.modules\n"
        "jetgen.metrics.fpd, jetgen.losses.chamfer, jetgen.physics.soft_drop\n"
        "import jetgen.metrics.fpd, jetgen.physics.soft_drop\n"  # modules of the same names
        "print(callable(jetgen.metrics.fpd), callable(jetgen.physics.soft_drop))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True", "True"]


@pytest.mark.parametrize("name", ["", ".losses", ".metrics", ".physics"])
def test_public_names_are_listed_and_exist(name):
    package = jetgen if not name else getattr(jetgen, name[1:])
    assert dir(package) == sorted(package.__all__)
    for public in package.__all__:
        assert getattr(package, public) is not None
    with pytest.raises(AttributeError, match="has no attribute 'nonsense'"):
        package.nonsense  # noqa: B018
