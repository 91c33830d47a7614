import importlib.util
import json
import math
import subprocess
import sys
from itertools import product

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, RELATIVE, ParticleCloud
from jetgen.errors import InputError
from jetgen.physics.efp import efps
from jetgen.physics.efp_fused import fused_program
from jetgen.physics.efp_graphs import (
    canonical,
    check_graphs,
    components,
    connected_graphs,
    efp_graphs,
)
from jetgen.physics.efp_program import efp_program

COUNTS = (12, 1, 2, 7, 3)
COMPLETE_FOUR = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
COMPLETE_FIVE = [(a, b) for b in range(5) for a in range(b)]
TWO_COMPLETE_FOURS = COMPLETE_FOUR + [(a + 3, b + 3) for a, b in COMPLETE_FOUR]  # share a vertex

ORACLE = """
import json, sys
import energyflow, numpy
answers = []
for request in json.load(sys.stdin):
    if "graphs" in request:
        efps = [energyflow.EFP(graph, **request["options"]) for graph in request["graphs"]]
    else:
        efps = energyflow.EFPSet(("d<=", request["degree"]), **request["options"])
        graphs = [[list(map(int, edge)) for edge in graph] for graph in efps.graphs()]
    values = [
        [float(efp.compute(jet)) for efp in efps]
        if "graphs" in request
        else efps.compute(jet).tolist()
        for jet in map(numpy.asarray, request["jets"])
    ]
    answers.append({"values": values, "graphs": request.get("graphs") or graphs})
json.dump(answers, sys.stdout)
"""


def relative_cloud(counts=COUNTS, slots=12, seed=0, spread=0.4):
    generator = torch.Generator().manual_seed(seed)
    particles = torch.randn(len(counts), slots, 3, generator=generator, dtype=torch.float64)
    particles[..., :2] *= spread
    particles[..., 2] = torch.rand(len(counts), slots, generator=generator, dtype=torch.float64)
    order = torch.rand(len(counts), slots, generator=generator).argsort(1)
    mask = order < torch.tensor(counts).unsqueeze(1)  # holes anywhere
    return ParticleCloud(particles, mask, RELATIVE)


def massive_cloud(counts=COUNTS, seed=1):
    cloud = relative_cloud(counts, seed=seed)
    momentum = 10 * (cloud.particles - 0.2)
    energy = (momentum.square().sum(-1, keepdim=True) + 1.5).sqrt()
    return ParticleCloud(torch.cat([momentum, energy], -1), cloud.mask, CARTESIAN_ENERGY)


def ragged(cloud, columns):
    return [
        particles[mask][:, columns].tolist()
        for particles, mask in zip(cloud.particles, cloud.mask, strict=True)
    ]


@pytest.fixture(scope="module")
def oracle():
    """Values of the energyflow package, which must not share a process with torch on macOS."""
    if importlib.util.find_spec("energyflow") is None:
        pytest.skip("energyflow is not installed")
    hadronic, electron = ragged(relative_cloud(), [2, 0, 1]), ragged(massive_cloud(), [3, 0, 1, 2])
    wide = ragged(relative_cloud(spread=2.5), [2, 0, 1])
    hadr = {"measure": "hadr", "coords": "ptyphim"}
    requests = {
        "hadr": {"jets": hadronic, "degree": 4, "options": {**hadr, "beta": 1, "normed": False}},
        "normed": {"jets": hadronic, "degree": 4, "options": {**hadr, "beta": 0.7}},
        "squared": {"jets": hadronic, "degree": 3, "options": {**hadr, "beta": 2, "normed": False}},
        "wide": {"jets": wide, "degree": 4, "options": {**hadr, "beta": 1, "normed": False}},
        "ee": {"jets": electron, "degree": 4, "options": {"measure": "ee", "normed": False}},
        "ee 0.5": {"jets": electron, "degree": 4, "options": {"measure": "ee", "beta": 0.5}},
        "six": {"jets": hadronic, "degree": 6, "options": {**hadr, "beta": 1, "normed": False}},
        "dense": {
            "jets": hadronic,
            "graphs": [COMPLETE_FOUR],
            "options": {**hadr, "normed": False},
        },
    }
    answer = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", ORACLE],
        input=json.dumps(list(requests.values())),
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return dict(zip(requests, json.loads(answer), strict=True))


def assert_equal(result, answer):
    expected = torch.tensor(answer["values"], dtype=torch.float64)
    torch.testing.assert_close(result, expected, rtol=1e-12, atol=1e-300)


def test_the_36_equal_energyflow_in_value_and_order(oracle):
    assert_equal(efps(relative_cloud()), oracle["hadr"])
    assert check_graphs(oracle["hadr"]["graphs"]) == efp_graphs(4)


def test_normalised_weights_and_any_beta_equal_energyflow(oracle):
    assert_equal(efps(relative_cloud(), normed=True, beta=0.7), oracle["normed"])
    assert_equal(efps(relative_cloud(), max_degree=3, beta=2), oracle["squared"])


def test_azimuth_is_periodic_as_in_energyflow(oracle):
    assert_equal(efps(relative_cloud(spread=2.5)), oracle["wide"])


def test_ee_measure_equals_energyflow(oracle):
    assert_equal(efps(massive_cloud(), measure="ee"), oracle["ee"])
    assert_equal(efps(massive_cloud(), measure="ee", beta=0.5, normed=True), oracle["ee 0.5"])


def test_graphs_of_up_to_six_edges_equal_energyflow(oracle):
    assert_equal(efps(relative_cloud(), oracle["six"]["graphs"]), oracle["six"])
    theirs = check_graphs(oracle["six"]["graphs"])
    assert len(theirs) == len(efp_graphs(6))
    connected = {canonical(graph) for graph in theirs if len(components(graph)) == 1}
    assert connected == {graph for degree in range(7) for graph in connected_graphs(degree)}


def test_the_complete_graph_on_four_vertices_equals_energyflow(oracle):
    assert_equal(efps(relative_cloud(), [COMPLETE_FOUR]), oracle["dense"])


def by_definition(z, theta, graph):
    size = 1 + max((max(edge) for edge in graph), default=0)
    return sum(
        math.prod(float(z[i]) for i in placed)
        * math.prod(float(theta[placed[a], placed[b]]) for a, b in graph)
        for placed in product(range(len(z)), repeat=size)
    )


@pytest.mark.parametrize(
    "graph", [*efp_graphs(3), COMPLETE_FOUR, COMPLETE_FIVE, TWO_COMPLETE_FOURS]
)
def test_definition(graph):
    generator = torch.Generator().manual_seed(2)
    z = torch.rand(1, 3, generator=generator, dtype=torch.float64)
    theta = torch.rand(1, 3, 3, generator=generator, dtype=torch.float64)
    theta = theta + theta.mT  # with a diagonal, as the ee measure has
    value = efp_program(check_graphs([graph]))(z, theta)
    assert value.item() == pytest.approx(by_definition(z[0], theta[0], graph), rel=1e-12)


def test_two_particles_in_closed_form():
    cloud = ParticleCloud(
        torch.tensor([[[0.3, -0.4, 0.7], [0.0, 0.0, 0.2]]], dtype=torch.float64),
        torch.ones(1, 2, dtype=torch.bool),
        RELATIVE,
    )
    star = [(0, 1), (0, 2), (0, 3)]
    expected = [0.9, 2 * 0.14 * 0.5, 2 * 0.14 * 0.25, 0.0, 0.7 * 0.1**3 + 0.2 * 0.35**3]
    values = efps(cloud, [[], [(0, 1)], [(0, 1)] * 2, [(0, 1), (1, 2), (0, 2)], star])[0]
    torch.testing.assert_close(
        values, torch.tensor(expected, dtype=torch.float64), atol=1e-15, rtol=1e-14
    )


def test_one_particle_and_none():
    cloud = relative_cloud(counts=(1, 0), slots=4)
    values = efps(cloud)
    assert values[0, 0] == cloud.particles[0, cloud.mask[0], 2].sum()
    assert (values[0, 1:] == 0).all() and (values[1] == 0).all()
    assert (efps(cloud, normed=True)[1] == 0).all()
    assert efps(cloud[0:0]).shape == (0, 36)


def test_cartesian_and_relative_clouds_agree():
    relative = relative_cloud()
    eta, phi, pt = relative.particles.unbind(-1)
    momentum = torch.stack([pt * phi.cos(), pt * phi.sin(), pt * eta.sinh()], -1)
    cartesian = ParticleCloud(momentum, relative.mask, CARTESIAN)
    torch.testing.assert_close(efps(cartesian), efps(relative), rtol=1e-11, atol=1e-14)
    energy = momentum.norm(dim=-1, keepdim=True)
    massive = ParticleCloud(torch.cat([momentum, energy], -1), relative.mask, CARTESIAN_ENERGY)
    for beta in (1.0, 2.0):  # rounding leaves a mass of a hundred-millionth of the energy
        torch.testing.assert_close(
            efps(massive, measure="ee", beta=beta),
            efps(cartesian, measure="ee", beta=beta),
            rtol=1e-6,
            atol=1e-6,
        )


@settings(deadline=None, max_examples=20)
@given(
    counts=st.lists(st.integers(0, 9), min_size=1, max_size=6),
    block=st.sampled_from([1, 100, 10_000]),
    measure=st.sampled_from(["hadr", "ee"]),
    seed=st.integers(0, 2**32 - 1),
)
def test_mask_laws(counts, block, measure, seed):
    cloud = relative_cloud(counts, slots=9, seed=seed)
    generator = torch.Generator().manual_seed(seed)
    values = efps(cloud, measure=measure)

    def same(other, expected=values):
        result = efps(other, measure=measure, block=block)
        torch.testing.assert_close(result, expected, rtol=1e-11, atol=1e-14)

    order = torch.rand(cloud.mask.shape, generator=generator).argsort(1)
    rows = torch.arange(len(counts)).unsqueeze(1)
    same(ParticleCloud(cloud.particles[rows, order], cloud.mask[rows, order], RELATIVE))
    junk = torch.where(cloud.mask.unsqueeze(-1), cloud.particles, torch.nan)
    junk = torch.cat([junk, torch.full((len(counts), 2, 3), 1e30, dtype=torch.float64)], 1)
    longer = torch.cat([cloud.mask, torch.zeros(len(counts), 2, dtype=torch.bool)], 1)
    same(ParticleCloud(junk, longer, RELATIVE))
    same(cloud[:1], values[:1])


@pytest.mark.parametrize(("measure", "beta"), [("hadr", 1.0), ("hadr", 0.5), ("ee", 2.0)])
def test_gradcheck(measure, beta):
    cloud = relative_cloud(counts=(4, 3), slots=5, seed=4)

    def values(particles):
        moved = ParticleCloud(particles, cloud.mask, RELATIVE)
        return efps(moved, measure=measure, beta=beta, block=20)

    torch.autograd.gradcheck(values, cloud.particles.clone().requires_grad_())


def test_gradient_ignores_padding_and_survives_coincident_particles():
    cloud = relative_cloud()
    particles = torch.where(cloud.mask.unsqueeze(-1), cloud.particles, torch.nan)
    particles[0] = cloud.particles[0, cloud.mask[0]][0]  # twelve times the same
    particles.requires_grad_()
    for beta in (1.0, 0.5, 2.0):
        values = efps(ParticleCloud(particles, cloud.mask, RELATIVE), beta=beta)
        (gradient,) = torch.autograd.grad(values.sum(), particles)
        assert gradient.isfinite().all() and (gradient[~cloud.mask] == 0).all()
        assert (gradient[0][:, :2] == 0).all() and (gradient[3][cloud.mask[3]] != 0).all()


def test_a_loss_on_efps_can_be_minimised():
    target = efps(relative_cloud(seed=5))
    cloud = relative_cloud(seed=6)
    particles = cloud.particles.clone().requires_grad_()
    optimiser = torch.optim.Adam([particles], lr=0.01)
    losses = []
    for _ in range(60):
        values = efps(ParticleCloud(particles, cloud.mask, RELATIVE), max_degree=2)
        loss = (values - target[:, [0, 1, 2, 5, 21]]).square().sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        losses.append(loss.item())
    assert losses[-1] < 0.05 * losses[0]


def test_single_precision():
    cloud = relative_cloud()
    values = efps(cloud, dtype=torch.float32)
    assert values.dtype == torch.float32
    torch.testing.assert_close(values.double(), efps(cloud), rtol=1e-5, atol=1e-7)


def test_shared_expressions_keep_the_36_cheap():
    names = [getattr(run, "__name__", "") for _, run in efp_program(efp_graphs(4)).steps]
    assert names.count("_chained") == 1
    assert names.count("_applied") == 9


def test_bad_input():
    cloud = relative_cloud()
    with pytest.raises(InputError, match=r"^beta: expected a positive number"):
        efps(cloud, beta=0)
    with pytest.raises(InputError, match=r"^measure: expected hadr or ee"):
        efps(cloud, measure="pp")
    with pytest.raises(InputError, match=r"^graph: expected pairs of different vertices"):
        efps(cloud, [[(0, 0)]])


@pytest.mark.parametrize("degree", range(5))
def test_passes_over_the_angles_give_the_same_polynomials(degree):
    program = efp_program(efp_graphs(degree))
    generator = torch.Generator().manual_seed(3)
    z = torch.rand(4, 9, generator=generator, dtype=torch.float64)
    theta = torch.rand(4, 9, 9, generator=generator, dtype=torch.float64)
    theta = theta + theta.mT
    passes = fused_program(program)
    torch.testing.assert_close(passes(z, theta), program(z, theta), rtol=1e-12, atol=0)


def test_the_36_take_two_passes_and_denser_graphs_none():
    assert [len(p.vectors) for p in fused_program(efp_program(efp_graphs(4))).passes] == [0, 7, 2]
    assert fused_program(efp_program(efp_graphs(5))) is None
    assert fused_program(efp_program(check_graphs([COMPLETE_FOUR]))) is None
