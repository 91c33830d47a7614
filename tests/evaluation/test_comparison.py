"""The table: floors, uncertainties, planted differences, and what must not matter."""

import math
from dataclasses import replace

import pytest
import torch

from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, RELATIVE, Feature, ParticleCloud
from jetgen.errors import InputError
from jetgen.evaluation.checks import check
from jetgen.evaluation.comparison import compare, compare_resampled, table_row
from jetgen.evaluation.resampling import resample
from jetgen.metrics.wasserstein import wasserstein
from jetgen.physics.baselines import independent_particles
from jetgen.physics.fourvectors import to_relative
from jetgen.physics.observables import measure
from jetgen.physics.quantities import PARTICLE_MOMENTA, QUANTITIES, quantity_values


def values(comparison, sample):
    return {row.quantity.name: row.distances[sample].value for row in comparison.rows}


def test_each_row_is_the_distance_of_its_quantity(toy_jets):
    real, sample = toy_jets(300, 1), toy_jets(300, 2, width=0.15)
    table = compare(real, {"a": sample}, toy_jets(600, 3), replicas=10)
    assert table.jets == 300
    for quantity in QUANTITIES:
        a, b = (quantity_values(measure(cloud), quantity) for cloud in (real, sample))
        expected = wasserstein(a.values, b.values).item()
        assert table.row(quantity.name).distances["a"].value == pytest.approx(expected)
    parts = [table.row(name).distances["a"].value for name in ("etarel", "phirel", "ptrel")]
    assert table.row("particle_mean").distances["a"].value == pytest.approx(sum(parts) / 3)


def test_laboratory_momenta_are_compared_where_asked(toy_jets):
    real, other = toy_jets(60, 1), toy_jets(60, 2)
    drawn = resample(check(real, {"other": other}, toy_jets(60, 3)), replicas=2, seed=1)
    table = compare_resampled(drawn, (*QUANTITIES, *PARTICLE_MOMENTA))
    assert len(drawn.real.jets) == 60
    for index, name in enumerate(("px", "py", "pz")):
        expected = wasserstein(*(jets.particles[jets.mask][:, index] for jets in (real, other)))
        found = table.row(name).distances["other"].value
        assert found == pytest.approx(expected.item(), rel=1e-5)


def test_the_order_of_particles_does_not_matter(toy_jets):
    real, sample, training = toy_jets(200, 1), toy_jets(200, 2), toy_jets(400, 3)
    straight = compare(real, {"a": sample}, training, replicas=10).records()
    shuffled = compare(
        real, {"a": sample.shuffled(torch.Generator().manual_seed(5))}, training, replicas=10
    ).records()
    for one, other in zip(straight, shuffled, strict=True):
        for key in ("w1", "uncertainty", "floor", "floor_spread"):
            assert one[key] == pytest.approx(other[key], rel=1e-6, abs=1e-12), one["quantity"]


def test_the_same_seed_gives_the_same_table(toy_jets):
    arguments = toy_jets(100, 1), {"a": toy_jets(100, 2)}, toy_jets(200, 3)
    first, second, other = (compare(*arguments, replicas=10, seed=seed) for seed in (4, 4, 5))
    assert first.records() == second.records()
    assert first.records() != other.records()


def test_the_floor_falls_like_one_over_the_root_of_the_size(toy_jets):
    floors = []
    for size in (100, 1600):
        table = compare(toy_jets(size, 1), {"a": toy_jets(size, 2)}, toy_jets(3 * size, 3))
        floors.append(table.row("relative_mass").floor)
    assert floors[0] / floors[1] == pytest.approx(4.0, rel=0.3)


def test_real_jets_are_at_the_floor_and_planted_differences_above(toy_jets):
    real, training = toy_jets(1000, 1), toy_jets(4000, 2)
    fresh = toy_jets(1000, 3)
    wider = toy_jets(1000, 4, width=0.16)
    dropped = replace(fresh, mask=fresh.mask & (torch.arange(30) > 1))
    stretched = replace(fresh, particles=fresh.particles * 1.05)
    table = compare(
        real,
        {"real": fresh, "wider": wider, "dropped": dropped, "stretched": stretched},
        training,
    )
    assert all(row.distances["real"].spreads < 8 for row in table.rows)
    assert {row.distances["real"].verdict for row in table.rows} <= {"indistinguishable", "close"}
    for name in ("relative_mass", "mass", "etarel", "phirel"):
        assert table.row(name).distances["wider"].spreads > 15
    assert table.row("multiplicity").distances["dropped"].verdict == "different"
    assert table.row("multiplicity").distances["dropped"].value == pytest.approx(2, abs=0.5)
    for name in ("pt", "energy"):
        assert table.row(name).distances["stretched"].value > table.row(name).floor
    assert table.row("relative_mass").distances["stretched"].spreads < 8


def test_correlations_are_seen_where_marginals_agree(toy_jets):
    real, training = toy_jets(1000, 1), toy_jets(4000, 2)
    trivial = independent_particles(training, 1000, torch.Generator().manual_seed(0))
    table = compare(real, {"trivial": trivial}, training)
    assert table.row("relative_mass").distances["trivial"].verdict == "different"
    assert table.row("pt").distances["trivial"].verdict == "different"
    assert table.row("multiplicity").distances["trivial"].spreads < 8


def test_uncertainties_cover():
    """A shift by one jet-to-jet standard deviation: error bars hold the truth in most trials."""
    flat = torch.zeros(400, 1, 3)
    held = 0
    trials = 40
    for trial in range(trials):
        generator = torch.Generator().manual_seed(trial)

        def jets(mean, generator=generator):
            momenta = flat.clone()
            momenta[:, 0, 0] = mean + 10 * torch.randn(400, generator=generator)
            return ParticleCloud(momenta, torch.ones(400, 1, dtype=torch.bool), CARTESIAN)

        table = compare(jets(200), {"a": jets(210)}, jets(200), replicas=60, seed=trial)
        distance = table.row("pt").distances["a"]
        held += abs(distance.value - 10) < 2 * distance.uncertainty
    assert 0.85 * trials <= held
    assert distance.uncertainty == pytest.approx(10 * (2 / 400) ** 0.5, rel=0.4)


def test_particles_of_a_jet_are_resampled_together():
    """Ten copies of a jet's only value contain no more than one: the error must not shrink."""
    generator = torch.Generator().manual_seed(0)

    def jets(count, copies):
        momenta = torch.zeros(count, 2 * copies, 3)
        pull = 0.1 + 0.1 * torch.rand(count, 1, generator=generator)
        sign = torch.tensor([1.0, -1.0]).repeat(copies)
        momenta[..., 0] = 10.0
        momenta[..., 2] = 10 * torch.sinh(pull * sign)
        return ParticleCloud(momenta, torch.ones(momenta.shape[:2], dtype=torch.bool), CARTESIAN)

    errors = [
        compare(jets(300, copies), {"a": jets(300, copies)}, jets(600, copies))
        .row("etarel")
        .distances["a"]
        .uncertainty
        for copies in (1, 10)
    ]
    assert errors[1] == pytest.approx(errors[0], rel=0.6)


def test_reconstructions_are_resampled_in_pairs(toy_jets):
    """Against a copy of themselves jets are at zero, in every resampling."""
    real = toy_jets(200, 1)
    table = compare(real, {"reconstructed": real.shuffled()}, toy_jets(400, 2), replicas=10)
    for row in table.rows:
        assert row.distances["reconstructed"].value == pytest.approx(0, abs=1e-5 * row.floor)
        assert row.distances["reconstructed"].uncertainty == pytest.approx(0, abs=1e-5 * row.floor)


def test_any_representation_gives_the_same_table(toy_jets):
    real, training, sample = toy_jets(200, 1), toy_jets(400, 2), toy_jets(200, 3)
    energy = torch.linalg.vector_norm(sample.particles, dim=-1, keepdim=True)
    with_energy = replace(
        sample, particles=torch.cat([sample.particles, energy], -1), features=CARTESIAN_ENERGY
    )
    double = to_relative(sample.to(torch.float64))
    assert double.features == RELATIVE
    table = compare(real, {"p": sample, "e": with_energy, "r": double}, training, replicas=10)
    for row in table.rows:
        # the samples differ in nothing but the draw of jets, which is all of them
        found = [row.distances[name].value for name in "per"]
        assert found[1] == pytest.approx(found[0], rel=1e-4, abs=1e-4 * row.floor)
        assert found[2] == pytest.approx(found[0], rel=1e-4, abs=1e-4 * row.floor)


def test_relative_jets_without_kinematics_are_compared_as_far_as_they_go(toy_jets):
    relative = to_relative(toy_jets(100, 2))
    bare = replace(relative, conditions=relative.conditions[:, :0], condition_features=())
    table = compare(toy_jets(100, 1), {"bare": bare}, toy_jets(200, 3), replicas=10)
    assert {"relative_mass", "etarel", "ptrel_1", "multiplicity"} <= set(values(table, "bare"))
    assert "mass" not in values(table, "bare")
    assert any(warning.startswith("jet mass: omitted") for warning in table.warnings)


def test_jets_that_are_not_finite_are_left_out_and_named(toy_jets):
    sample = toy_jets(100, 2)
    sample.particles[3, 0, 0] = torch.nan
    sample.particles[5, 1, 2] = torch.inf
    table = compare(toy_jets(100, 1), {"broken": sample}, toy_jets(200, 3), replicas=10)
    assert any("broken: 2 of 100 jets hold values" in warning for warning in table.warnings)
    assert table.jets == 98
    assert all(torch.isfinite(torch.tensor(list(values(table, "broken").values()))))


def test_a_broken_reconstruction_takes_its_real_jet_along(toy_jets):
    real = toy_jets(100, 1)
    copy = replace(real, particles=real.particles.clone())
    copy.particles[7, 0] = torch.nan
    checked = check(real, {"reconstructed": copy})
    assert len(checked.real) == len(checked.samples["reconstructed"]) == 99
    torch.testing.assert_close(
        checked.real.observables["mass"], checked.samples["reconstructed"].observables["mass"]
    )


def test_empty_jets_count_and_are_named(toy_jets):
    sample = toy_jets(100, 2)
    empty = replace(sample, mask=sample.mask & (torch.arange(100) >= 30).unsqueeze(1))
    table = compare(toy_jets(100, 1), {"empty": empty}, toy_jets(200, 3), replicas=10)
    assert any("empty: 30 of 100 jets have no particles" in warning for warning in table.warnings)
    assert table.row("pt").distances["empty"].value > 250


def test_a_cut_sample_is_named(toy_jets):
    cut = to_relative(toy_jets(100, 2)).leading(10, by="ptrel")
    table = compare(toy_jets(100, 1), {"cut": cut}, toy_jets(200, 3), replicas=10)
    assert any("cut: a jet holds at most 10 particles" in warning for warning in table.warnings)
    assert "ptrel_20" not in values(table, "cut")


def test_real_jets_that_are_cut_are_named(toy_jets):
    cut = to_relative(toy_jets(100, 1)).leading(10, by="ptrel")
    [warning] = check(cut, {"longer": toy_jets(100, 2)}).warnings
    assert warning.startswith("longer: a jet holds up to ")
    assert "a real one at most 10" in warning


def test_momenta_a_thousand_times_too_large_are_named(toy_jets):
    real = toy_jets(100, 1)
    for factor in (1000, 0.001):
        other = toy_jets(100, 2)
        other = replace(other, particles=other.particles * factor)
        [warning] = check(real, {"other": other}).warnings
        assert warning.startswith("other: the median jet pT is") and "in MeV?" in warning
    silent = replace(toy_jets(100, 2), features=tuple(Feature(f.name) for f in real.features))
    [warning] = check(real, {"silent": silent}).warnings
    assert warning == "silent: px, py, pz without a unit, assumed to be GeV"


def test_above_a_floor_without_spread():
    """Where real jets are all alike, the same again is no difference, and anything else is."""
    floor = torch.zeros(5)
    samples = {"same": torch.zeros(6), "other": torch.full((6,), 0.1)}
    distances = table_row(QUANTITIES[0], floor, samples).distances
    assert distances["same"].verdict == "indistinguishable" and distances["same"].spreads == 0
    assert distances["other"].verdict == "different" and distances["other"].spreads == math.inf


def test_what_cannot_be_compared_is_refused(toy_jets):
    real = toy_jets(100, 1)
    with pytest.raises(InputError, match="at least one sample"):
        compare(real, {})
    with pytest.raises(InputError, match="one for each of the 100 real jets, received 99"):
        compare(real, {"reconstructed": real[:99]})
    with pytest.raises(InputError, match="at least 20 usable jets"):
        compare(real, {"few": real[:10]})
    broken = replace(real, particles=real.particles * torch.nan)
    with pytest.raises(InputError, match="broken jets: expected finite"):
        compare(real, {"broken": broken})
    foreign = replace(real, features=(Feature("a"), Feature("b"), Feature("c")))
    with pytest.raises(InputError, match="foreign jets: features: expected px, py, pz"):
        compare(real, {"foreign": foreign})
    empty = replace(real, mask=torch.zeros_like(real.mask))
    with pytest.raises(InputError, match="empty jets: expected jets with particles, received 100"):
        compare(real, {"empty": empty})


def test_without_further_jets_nothing_is_halved_and_the_floor_is_that_of_disjoint_sets(toy_jets):
    """Sets of 300 drawn with replacement from 300 are as far apart as disjoint ones."""
    real, sample = toy_jets(300, 1), toy_jets(400, 2)
    alone = compare(real, {"a": sample}, replicas=60)
    among_many = compare(real, {"a": sample}, toy_jets(900, 3), replicas=60)
    assert alone.jets == among_many.jets == 300
    assert not alone.disjoint and among_many.disjoint
    assert "drawn with replacement from 300 simulated jets" in alone.compared
    assert "two disjoint sets of 300 of 1,200 simulated jets" in among_many.compared
    for name in ("relative_mass", "mass", "ptrel", "multiplicity", "eta"):
        one, other = (table.row(name) for table in (alone, among_many))
        assert one.floor == pytest.approx(other.floor, rel=0.35), name
        assert one.distances["a"].value == other.distances["a"].value


def test_a_small_sample_that_cuts_the_others_is_named(toy_jets):
    table = compare(toy_jets(200, 1), {"small": toy_jets(50, 2), "large": toy_jets(200, 3)})
    assert table.jets == 50
    assert table.warnings[0] == "small has 50 jets; no more of simulated, large are compared"


def test_jets_that_a_sample_shares_with_the_real_ones_are_counted(toy_jets):
    """Whatever the order of particles, the number of slots and the place of the jet."""
    real, sample = toy_jets(300, seed=1), toy_jets(300, seed=2, slots=40)
    order = torch.randperm(real.mask.shape[1], generator=torch.Generator().manual_seed(3))
    copied = real.replace(particles=real.particles[:, order], mask=real.mask[:, order])[50:90]
    mixed = ParticleCloud.concatenate([sample, copied])
    found = compare(real, {"fresh": sample, "mixed": mixed}, replicas=10).warnings
    shared = [warning for warning in found if "copies" in warning]
    assert len(shared) == 1
    assert shared[0].startswith("mixed: 40 of 340 jets are copies of the jets they are compared")


@pytest.mark.parametrize("heaviest", [1.0, 1e4])
def test_the_floor_counts_every_jet_that_is_drawn(toy_jets, heaviest):
    """Also where one training jet has nearly all weight, so that jets are drawn very often."""
    weights = torch.ones(20).index_fill(0, torch.tensor([0]), heaviest)
    training = replace(toy_jets(20, 3), weights=weights)
    drawn = resample(
        check(toy_jets(600, 1), {"made": toy_jets(600, 2)}, training), replicas=3, seed=1
    )
    each = round(600 * len(drawn.pool) / drawn.pool.counted)
    for counts in drawn.splits:
        assert (counts.long().sum(1) == each).all()
    assert (drawn.real.counts.long().sum(1) == 600).all()
