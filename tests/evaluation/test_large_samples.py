"""What bounds the memory of large comparisons changes no number."""

import sys

import numpy as np
import pytest
import torch

from jetgen.evaluation.checks import check
from jetgen.evaluation.resampling import resample
from jetgen.metrics.wasserstein import between_samples, between_weightings
from jetgen.physics import clustering, observables
from jetgen.physics.observables import MeasuredSets, PackedSets, measure
from jetgen.physics.quantities import QUANTITIES, quantity_values
from jetgen.physics.soft_drop import soft_drop_mass
from jetgen.physics.substructure import substructure, with_substructure
from jetgen.reports import histograms
from jetgen.reports.figures.jet_images import jet_images

substructure_module = sys.modules[with_substructure.__module__]


@pytest.fixture
def jets(make_gaussian_jets):
    return make_gaussian_jets(60, seed=3)


def test_jets_measured_in_chunks_are_those_measured_at_once(jets, monkeypatch):
    whole = measure(jets)
    monkeypatch.setattr(observables, "_CHUNK", 13)
    parts = measure(jets)
    assert torch.equal(parts.relative.mask, whole.relative.mask)
    torch.testing.assert_close(parts.relative.particles, whole.relative.particles)
    torch.testing.assert_close(parts.relative.conditions, whole.relative.conditions)
    assert parts.observables.keys() == whole.observables.keys()
    torch.testing.assert_close(parts.observables, whole.observables)


def test_substructure_in_threads_is_that_of_all_jets_at_once(jets, monkeypatch):
    expected = substructure(measure(jets).relative)
    monkeypatch.setattr(observables, "_FEW", 13)
    threads = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        found = with_substructure(measure(jets)).observables
    finally:
        torch.set_num_threads(threads)
    for name, values in expected.items():
        torch.testing.assert_close(found[name], values)


def test_processes_that_cluster_give_the_same_substructure(jets, monkeypatch):
    expected = with_substructure(measure(jets)).observables
    monkeypatch.setattr(substructure_module, "_MANY", 60)
    monkeypatch.setattr(clustering, "_QUESTIONS", {})  # not in this process
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        found = with_substructure(measure(jets)).observables
    finally:
        torch.set_num_threads(threads)
    for name, values in expected.items():
        assert torch.equal(found[name], values), name


def test_a_process_that_died_while_it_clustered_is_named(jets):
    with clustering.beside(1), pytest.raises(ChildProcessError, match="ended with status -9"):
        process = clustering._idle.get()
        process.kill()
        clustering._idle.put(process)
        soft_drop_mass(measure(jets).relative)


def all_that_is_read(sets: MeasuredSets) -> list[torch.Tensor]:
    relative = sets.relative
    return [
        *(relative.particles, relative.mask, relative.conditions, relative.weights),
        *(sets.weights, sets.multiplicity, sets.polynomials, *sets.observables.values()),
        *(torch.cat([piece.relative.particles for piece in sets.pieces()]), sets.frame.conditions),
        *(read for q in QUANTITIES for read in quantity_values(sets, q) or ()),
        torch.tensor([len(sets), sets.slots, sets.counted]),
    ]


@pytest.mark.parametrize(
    "index",
    [
        slice(3, 40),
        slice(50, 500),
        slice(1, None, 3),
        torch.tensor([5, 3, 3, 40]),
        torch.arange(60) % 7 == 1,
        slice(0, 0),
    ],
    ids=str,
)
def test_sets_without_padding_are_those_with_it(jets, monkeypatch, index):
    mask = jets.mask.clone()
    mask[[3, 11]] = False  # no particles
    jets = jets.replace(mask=mask, weights=torch.rand(60).clamp(min=0.1))
    whole = with_substructure(measure(jets))
    monkeypatch.setattr(observables, "_CHUNK", 13)
    packed = with_substructure(measure(jets))
    assert isinstance(packed, PackedSets)
    pairs = [(whole, packed), (whole[index], packed[index])]
    if isinstance(index, torch.Tensor):
        rows = torch.arange(60)[index]
        pairs += [(whole.chosen(rows), packed.chosen(rows))]
        pairs += [(a[1:], b[1:]) for a, b in pairs[-1:]]
    for one, other in pairs:
        for a, b in zip(all_that_is_read(one), all_that_is_read(other), strict=True):
            torch.testing.assert_close(b, a)


def test_histograms_and_images_of_many_jets_are_added_in_pieces(jets, monkeypatch):
    figure = sys.modules[jet_images.__module__]
    weighted = jets.replace(weights=torch.rand(60).clamp(min=0.1))
    whole = measure(weighted)
    quantity = next(q for q in QUANTITIES if q.name == "etarel")
    values = quantity_values(whole, quantity)
    bins = histograms.binning(values.values.numpy(), [], name="etarel")
    expected = histograms.density(values, whole.weights, bins), figure._images(whole, 9)
    monkeypatch.setattr(observables, "_CHUNK", 13)
    monkeypatch.setattr(histograms, "_TOGETHER", 13)
    found = histograms.density(values, whole.weights, bins), figure._images(measure(weighted), 9)
    for one, other in zip(expected, found, strict=True):
        np.testing.assert_allclose(np.stack(one), np.stack(other), rtol=1e-12)


def test_chosen_sets_are_the_sets_at_these_places(jets):
    every = with_substructure(measure(jets))
    rows = torch.tensor([5, 3, 3, 40])
    lazily, copied = every.chosen(rows), every[rows]
    assert len(lazily) == len(copied) == 4
    assert lazily.counted == copied.counted
    assert torch.equal(lazily.relative.particles, copied.relative.particles)
    assert torch.equal(lazily.polynomials, copied.polynomials)
    assert torch.equal(lazily[1:].weights, copied[1:].weights)
    for quantity in QUANTITIES:
        one, other = (quantity_values(sets, quantity) for sets in (lazily, copied))
        assert (one is None) is (other is None)
        assert one is None or torch.equal(one.values, other.values)


def test_distances_of_separate_samples_are_those_of_pooled_values(monkeypatch):
    generator = torch.Generator().manual_seed(1)
    first, second = (
        (torch.randn(n, generator=generator, dtype=torch.float64), torch.arange(n) // 2)
        for n in (40, 30)
    )
    plus, minus = (torch.rand(70, n, generator=generator).double() for n in (20, 15))
    pooled = between_weightings(
        torch.cat([first[0], second[0]]),
        torch.cat([first[1], second[1] + 20]),
        torch.cat([plus, torch.zeros_like(minus)], dim=1),
        torch.cat([torch.zeros_like(plus), minus], dim=1),
    )
    torch.testing.assert_close(between_samples(first, second, plus, minus), pooled)
    counts = (plus * 10).to(torch.int16), (minus * 10).to(torch.int16)
    expected = between_samples(first, second, *(side.double() for side in counts))
    monkeypatch.setattr(sys.modules[between_samples.__module__], "_SORTED", 13)
    torch.testing.assert_close(between_samples(first, second, plus, minus), pooled)
    torch.testing.assert_close(between_samples(first, second, *counts), expected)


def test_particles_are_held_once_however_often_jets_are_drawn(jets):
    checked = check(jets, {"generated": jets})
    drawn = resample(checked, replicas=2, seed=1)
    assert drawn.real.jets.base is drawn.pool.base is checked.real
    assert drawn.sides["generated"].jets.base is checked.samples["generated"]
