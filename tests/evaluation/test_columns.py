"""Sets with named features compared: distances of known size, event weights, missing columns."""

import numpy as np
import pytest
import torch

from jetgen.cloud import Feature, ParticleCloud
from jetgen.errors import InputError
from jetgen.evaluation.checks import check
from jetgen.evaluation.columns import (
    column_merits,
    column_quantities,
    compare_columns,
    paired_columns,
)
from jetgen.kinds import ENTRIES
from jetgen.metrics.weighted_quantiles import weighted_quantiles
from jetgen.physics.baselines import independent_features
from jetgen.weights import effective_size

MUON = (Feature("p", "GeV"), Feature("x", "mm"), Feature("one"))


def muons(number, seed, shift=0.0, weights=None):
    """``x`` is ``p`` over a hundred and a little noise; ``one`` is constant."""
    noise = torch.randn(number, 2, generator=torch.Generator().manual_seed(seed))
    p = noise[:, 0] + shift
    values = torch.stack([p, p / 100 + 0.001 * noise[:, 1], torch.ones(number)], dim=1)
    mask = torch.ones(number, 1, dtype=torch.bool)
    return ParticleCloud(values.unsqueeze(1), mask, MUON, weights=weights)


def test_a_shift_is_the_distance_and_one_law_is_at_the_floor():
    samples = {"same": muons(1500, 2), "moved": muons(1500, 3, shift=0.5)}
    checked = check(muons(1500, 1), samples, muons(1500, 4), ENTRIES)
    table = compare_columns(checked, replicas=20)
    names = [row.quantity.name for row in table.rows]
    assert names == ["p", "x", "mean_w1", "correlations", "pairs"]
    assert table.row("mean_w1").distances["moved"].value == pytest.approx(0.5, abs=0.1)
    assert table.row("mean_w1").distances["same"].spreads < 6
    row = table.row("p")
    assert row.distances["moved"].value == pytest.approx(0.5, abs=0.1)
    assert row.distances["moved"].verdict == "different"
    assert row.distances["same"].spreads < 6
    assert table.row("x").quantity.unit == "10⁻³ mm"
    assert table.kind.noun.many == "entries" and table.warnings == ()
    assert [o.name for o in paired_columns([checked.real])] == ["p", "x"]  # one does not vary
    merits = column_merits(checked)
    assert abs(merits["same"].auc - 0.5) < 4 * merits["same"].auc_error
    assert merits["moved"].auc > 0.5 + 4 * merits["moved"].auc_error


def test_independent_columns_lose_what_ties_columns():
    training = muons(1500, 1)
    made = independent_features(training, 1500, torch.Generator().manual_seed(1))
    checked = check(muons(1500, 2), {"trivial": made}, training, ENTRIES)
    table = compare_columns(checked, replicas=20)
    assert table.row("p").distances["trivial"].spreads < 6
    assert table.row("correlations").distances["trivial"].value > 0.9
    assert column_merits(checked)["trivial"].auc > 0.9


def test_weighted_real_entries_are_those_of_an_unweighted_sample():
    """Half of the real values lie in a second hump, and an eighth by weight."""
    generator = torch.Generator().manual_seed(2)

    def humps(number, share):
        return torch.rand(number, generator=generator) < share

    second = humps(4000, 0.5)
    weights = torch.where(second, 0.25, 1.75)
    real = muons(4000, 1, shift=5.0 * second, weights=weights)
    samples = {
        "made": muons(2000, 3, shift=5.0 * humps(2000, 0.125)),
        "blind": muons(2000, 4, shift=5.0 * humps(2000, 0.5)),
    }
    checked = check(real, samples, kind=ENTRIES)
    table = compare_columns(checked, replicas=20)
    assert table.row("p").distances["made"].spreads < 6
    assert table.row("p").distances["blind"].value == pytest.approx(5 * 0.375, abs=0.3)
    assert table.row("p").distances["blind"].verdict == "different"
    merits = column_merits(checked)
    assert abs(merits["made"].auc - 0.5) < 4 * merits["made"].auc_error
    assert merits["blind"].auc > 0.5 + 5 * merits["blind"].auc_error


def test_items_of_sets_of_varying_size_are_pooled():
    mask = torch.arange(3) < torch.arange(1, 4).repeat(50).unsqueeze(1)
    cloud = ParticleCloud(torch.rand(150, 3, 1), mask, (Feature("e", "GeV"),))
    names = {q.name: q.pooled for q in column_quantities(check(cloud, {"a": cloud}, kind=ENTRIES))}
    assert names == {"e": True, "multiplicity": False, "mean_e": False}


def test_columns_that_a_sample_lacks_are_said_and_none_at_all_is_refused():
    real, other = muons(200, 1), muons(200, 2)
    lacks = ParticleCloud(other.particles[..., :1], other.mask, MUON[:1])
    table = compare_columns(check(real, {"lacks": lacks}, kind=ENTRIES), replicas=5)
    assert table.warnings[0] == "x: omitted, not available for lacks entries"
    foreign = ParticleCloud(lacks.particles, lacks.mask, (Feature("q"),))
    with pytest.raises(InputError, match=r"foreign: expected columns among p, x, one, .* q"):
        check(real, {"foreign": foreign}, kind=ENTRIES)
    broken = ParticleCloud(real.particles * torch.nan, real.mask, MUON)
    with pytest.raises(InputError, match="broken entries: expected finite items"):
        check(real, {"broken": broken}, kind=ENTRIES)


def test_weighted_quantiles_are_numpys_for_equal_weights_and_those_of_repeated_values():
    values = np.random.default_rng(1).normal(size=101)
    shares = np.linspace(0, 1, 7)
    found = weighted_quantiles(values, shares, np.full(101, 3.0))
    np.testing.assert_allclose(found, np.quantile(values, shares))
    weights = np.random.default_rng(2).integers(1, 5, 4000).astype(float)
    values = np.random.default_rng(3).normal(size=4000)
    repeated = np.quantile(np.repeat(values, weights.astype(int)), shares[1:-1])
    np.testing.assert_allclose(
        weighted_quantiles(values, shares[1:-1], weights), repeated, atol=0.01
    )
    assert effective_size(torch.full((7,), 0.3)) == 7
    assert effective_size(torch.tensor([1.0, 0, 0])) == 1
