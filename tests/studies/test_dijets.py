"""Verdicts on the di-jet GANs follow from their distances."""

import functools
import math
import statistics
from types import SimpleNamespace

import pytest
import torch

from jetgen.cloud import Feature, ParticleCloud
from jetgen.errors import InputError
from jetgen.evaluation.checks import ComparisonInput
from jetgen.evaluation.comparison import Comparison, compare_resampled
from jetgen.evaluation.pair_rows import pair_rows
from jetgen.evaluation.resampling import resample
from jetgen.physics.dijets import LEADING, TOGETHER
from jetgen.studies import dijets
from jetgen.studies.dijets import (
    COMPARED,
    MODELS,
    QUANTITIES,
    Measurement,
    _dijets,
    _nearer,
    _nearest,
    _reproduced,
)
from jetgen.studies.distance_table import distance_table

FEATURES = (
    Feature("pt", "GeV"),
    Feature("eta"),
    Feature("phi", "rad"),
    Feature("mass", "GeV"),
    Feature("tau21"),
)


def events(number: int, seed: int, *, heavier: float = 0.0) -> ParticleCloud:
    """Back-to-back jets, ``heavier`` [GeV] than the real ones."""
    generator = torch.Generator().manual_seed(seed)
    uniform = torch.rand(number, 2, 5, generator=generator, dtype=torch.float64)
    phi = 2 * math.pi * uniform[:, :1, 2].repeat(1, 2) + torch.tensor([0.0, math.pi])
    columns = [1200 + 300 * uniform[..., 0], 2 * uniform[..., 1] - 1, phi]
    columns += [50 + heavier + 50 * uniform[..., 3], uniform[..., 4]]
    mask = torch.ones(number, 2, dtype=torch.bool)
    return ParticleCloud(torch.stack(columns, dim=2), mask, FEATURES)


@functools.cache
def measured() -> Measurement:
    """LSGAN samples are as real, those of the others have too heavy jets, by different amounts.

    Models differ in this alone: with the same seed they have the same events otherwise.
    """
    shifts = {"bce": 60.0, "lsgan": 0.0, "wgan-gp": 30.0, "saturating": 600.0, "conv": 200.0}
    samples = {
        f"{MODELS[model]}, seed {seed}": _dijets(events(1000, 20 + seed, heavier=shift))
        for model, shift in shifts.items()
        for seed in (1, 2, 3)
    }
    real = _dijets(events(1000, 5))
    pool = _dijets(events(3000, 101))
    checked = ComparisonInput(real, samples, pool, torch.ones(1000, dtype=torch.bool), ())
    drawn = resample(checked, replicas=50, seed=1)
    rows = pair_rows(drawn, [quantity.name for quantity in QUANTITIES])
    table: Comparison = compare_resampled(drawn, QUANTITIES).with_rows(rows)
    merits = {
        name: SimpleNamespace(auc=(0.5 if name.startswith("LSGAN, seed") else 0.9) + 0.005 * seed)
        for seed, name in enumerate(samples)
    }
    return Measurement(real, samples, table, merits)


def test_the_verdicts_see_jets_that_are_too_heavy():
    found = measured()
    assert [row.quantity.name for row in found.comparison.rows][-2:] == ["correlations", "pairs"]
    shifted = found.comparison.row("mass_1").distances["plain GAN, seed 1"]
    assert shifted.value == pytest.approx(60, abs=6)
    assert _nearest(found) == "lsgan"
    few = _reproduced(found, "lsgan", "the jets", LEADING)
    assert few.verdict == "undecided" and "1,000 test events (10,000 needed" in few.basis
    heavy = _reproduced(found, "bce", "the jets", LEADING)
    assert heavy.verdict == "not confirmed" and "floor: mass, leading jet by" in heavy.evidence
    angles = _reproduced(found, "bce", "angles", TOGETHER[1:])
    assert angles.verdict == "not confirmed", "trees see the masses"
    assert "real-vs-real floor: none" in angles.evidence
    assert found.trainings("lsgan") == [f"LSGAN, seed {seed}" for seed in (1, 2, 3)]
    verdicts = [_nearer({"qcd": found}, *pair).verdict for pair in COMPARED]
    assert verdicts == ["confirmed", "confirmed", "confirmed", "not confirmed"]


def test_many_events_confirm_what_trees_and_distances_agree_on(monkeypatch):
    found = measured()
    monkeypatch.setattr(dijets, "FEWEST_EVENTS", 1000)
    monkeypatch.setattr(dijets, "_AUC_MARGIN", 0.2)
    monkeypatch.setattr(dijets, "_AT_FLOOR", 8.0)
    assert _reproduced(found, "lsgan", "the jets", LEADING).verdict == "confirmed"
    monkeypatch.setattr(dijets, "_AUC_MARGIN", 0.0)
    assert _reproduced(found, "lsgan", "the jets", LEADING).verdict != "confirmed"


def test_too_few_test_events_are_named():
    few = measured()._replace(real=_dijets(events(60, 5)), merits={})
    with pytest.raises(InputError, match=r"^test_events: expected at least 500, .* received 60"):
        few.areas("lsgan")


def test_tables_have_a_column_per_model_with_the_mean_over_its_trainings():
    found = measured()
    trainings = {MODELS[model]: found.trainings(model) for model in ("bce", "lsgan")}
    table = distance_table("distances", "events", found.comparison, trainings, "events")
    assert table.columns == ["variable", "real against real", "plain GAN", "LSGAN"]
    masses = next(row for row in table.rows if row[0].startswith("mass, leading"))
    assert len(table.rows) == len(found.comparison.rows)
    row = next(r for r in found.comparison.rows if r.quantity.observable.title in masses[0])
    values = [row.distances[name].value for name in found.trainings("bce")]
    mean, error = (float(part) for part in masses[2].split(" ± "))
    assert mean == pytest.approx(statistics.fmean(values), rel=0.05)
    assert error == pytest.approx(statistics.stdev(values) / math.sqrt(3), rel=0.1)
