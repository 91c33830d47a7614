import numpy as np
import pytest

from jetgen.config.simulate import SimulateConfig
from jetgen.datasets.simulation.clustering import (
    Jets,
    check_sums,
    cluster,
    jets_of,
    kinematics,
    near,
)
from jetgen.datasets.simulation.collisions import Batch, Events
from jetgen.datasets.simulation.detector import DETECTOR, HADRONIC, TRACKER, smeared
from jetgen.datasets.simulation.dijets import dijets_of

pytestmark = pytest.mark.sim


def events(*rows, code=211):
    """Events of massless particles, each a list of (pt, eta, phi)."""
    flat = np.array([particle for row in rows for particle in row], float).reshape(-1, 3)
    pt, eta, phi = flat.T
    momenta = np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)])
    offsets = np.concatenate([[0], np.cumsum([len(row) for row in rows])])
    return Events(momenta, np.full(len(flat), code, np.int32), offsets)


def random_events(count, particles, seed=0):
    random = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        eta = random.uniform(-1, 1) + random.normal(0, 0.2, particles)
        phi = random.uniform(-3, 3) + random.normal(0, 0.2, particles)
        rows.append(np.stack([random.exponential(20, particles), eta, phi], axis=1))
    return events(*rows)


def test_two_clusters_are_two_jets_and_the_soft_one_is_dropped():
    found = cluster(
        events(
            [(500, 0.0, 3.1), (400, 0.2, -3.1), (300, 1.5, 0.0)],
            [],
            [(50, 0.0, 0.0), (900, -1.0, 1.0)],
        ),
        radius=0.8,
        min_pt=200,
    )
    by_size = sorted(zip(found.event, found.counts, kinematics(found.momenta)[0], strict=True))
    assert [(e, n) for e, n, _ in by_size] == [(0, 1), (0, 2), (2, 1)]
    assert by_size[2][2] == pytest.approx(900)


def test_clustering_many_events_at_once_equals_one_by_one():
    many = random_events(20, 60)
    together = cluster(many, 0.8, 100)
    check_sums(together)
    for i in range(len(many)):
        part = slice(many.offsets[i], many.offsets[i + 1])
        alone = cluster(
            Events(many.momenta[:, part], many.codes[part], np.array([0, part.stop - part.start])),
            0.8,
            100,
        )
        here = together.select(together.event == i)
        assert np.array_equal(here.counts, alone.counts)
        np.testing.assert_array_equal(here.constituents, alone.constituents)


def test_a_jet_that_is_not_the_sum_of_its_constituents_is_an_error():
    good = cluster(random_events(3, 30), 0.8, 100)
    check_sums(good)
    bad = Jets(good.momenta * 1.0001, good.event, good.constituents, good.counts)
    with pytest.raises(RuntimeError, match="add up"):
        check_sums(bad)


def test_matching_looks_at_the_same_event_and_around_the_whole_azimuth():
    jets = cluster(events([(900, 0, 3.1)], [(900, 0, 0)]), 0.8, 100)
    partons = events([(1000, 0.1, -3.1), (1000, 0.5, 3.0)], [(1000, 1.0, 0.0)])
    assert near(jets, partons, 0.8).tolist() == [2, 0]


def test_a_top_jet_needs_its_top_and_the_three_quarks():
    config = SimulateConfig(sample="top", output="unused.h5")
    seen = events([(900, 0.0, 0.0)], [(900, 0.0, 0.0)], [(900, 0.0, 0.0)])
    tops = events([(1000, 0, 0)], [(1000, 0, 0)], [(1000, 2, 0)])
    quarks = events(
        [(300, 0.2, 0), (300, -0.2, 0), (300, 0, 0.3)],
        [(300, 0.2, 0), (300, -0.2, 0), (300, 0, 1.3)],
        [(300, 0.2, 0), (300, -0.2, 0), (300, 0, 0.3)],
    )
    found = jets_of(Batch(seen, tops, quarks), config, np.random.default_rng(0))
    assert found.event.tolist() == [0]


def test_soft_particles_are_not_clustered():
    config = SimulateConfig(sample="gluon", output="unused.h5", min_particle_pt=1.0)
    seen = events([(900, 0.0, 0.0), (0.9, 0.1, 0.0), (1.1, -0.1, 0.0)])
    found = jets_of(Batch(seen, events([(1000, 0, 0)]), events([])), config, None)
    assert found.counts.tolist() == [2]


def test_the_detector_smears_with_its_resolutions():
    tracks = events([(100.0, 0.5, 1.0)] * 40_000)
    measured = smeared(tracks, np.random.default_rng(1))
    pt, eta, phi, mass = kinematics(measured.momenta)
    assert len(pt) == 40_000
    assert np.std(measured.momenta[3]) / (100 * np.cosh(0.5)) == pytest.approx(0.02, rel=0.03)
    assert np.mean(pt) == pytest.approx(100, abs=0.05)
    assert (np.std(eta), np.std(phi)) == pytest.approx((0.001, 0.001), rel=0.03)
    assert mass.max() < 0.1

    hadrons = smeared(events([(64.0, 0.0, 0.0)] * 40_000, code=130), np.random.default_rng(1))
    expected = np.hypot(HADRONIC.stochastic / 8, HADRONIC.constant)
    assert np.std(hadrons.momenta[3]) / 64 == pytest.approx(expected, rel=0.03)


def test_the_detector_does_not_see_soft_and_forward_particles():
    shown = smeared(
        events([(0.3, 0, 0), (50, 5.5, 0), (50, 0, 0)], [(50, 3.0, 0)]), np.random.default_rng(2)
    )
    assert shown.offsets.tolist() == [0, 1, 2]
    assert TRACKER in DETECTOR


def test_a_dijet_event_is_its_two_leading_jets():
    config = SimulateConfig(sample="lhco-qcd", output="unused.h5", tau21=True)
    seen = events(
        [(100, 0.0, 1.5), (1250, 0.3, -3.0), (30, 0.7, -3.0), (1300, -0.2, 0.2)],  # 1280 and 1300
        [(1300, 2.6, 0.0), (1100, 0.0, 3.0), (900, 0.0, 0.0)],  # the hardest is too far forward
        [(1300, 0.0, 0.0)],
        [],
        [(1500, 0.0, 3.0), (1200, 0.1, 0.0), (200, 0.1, 0.6)],
    )
    found = dijets_of(Batch(seen, events([]), events([])), config, None)
    assert [feature.name for feature in found.features] == ["pt", "eta", "phi", "mass", "tau21"]
    np.testing.assert_allclose(found.items[:, :, 0], [[1300, 1280], [1500, 1369.7]], rtol=2e-3)
    np.testing.assert_allclose(found.items[:, 0, 1:], [[-0.2, 0.2, 0, 0], [0, 3, 0, 0]], atol=1e-3)
    np.testing.assert_allclose(found.items[:, 1, 4], 0, atol=1e-9)  # two particles are two axes
    assert found.items[0, 1, 3] == pytest.approx(np.sqrt(1250 * 30) * 0.4, rel=0.02)
