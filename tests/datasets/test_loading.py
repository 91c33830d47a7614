from dataclasses import replace

import pytest
import torch

from jetgen.cloud import RELATIVE, Feature, ParticleCloud
from jetgen.datasets.loading import batches, split_indices
from jetgen.errors import InputError


def numbered_jets(jets=300, slots=10):
    generator = torch.Generator().manual_seed(0)
    counts = torch.randint(0, slots + 1, (jets,), generator=generator)
    mask = torch.arange(slots) < counts.unsqueeze(1)
    particles = torch.randn(jets, slots, 3, generator=generator)
    return ParticleCloud(particles, mask, RELATIVE).with_conditions(
        {Feature("number"): torch.arange(jets).float()}
    )


def test_split_holds_every_jet_once_in_70_15_15():
    split = split_indices(1000, seed=3)
    assert [len(part) for part in split] == [700, 150, 150]
    assert torch.cat(list(split)).sort().values.tolist() == list(range(1000))


def test_split_is_that_of_its_seed():
    assert torch.equal(split_indices(100, 1).test, split_indices(100, 1).test)
    assert not torch.equal(split_indices(100, 1).test, split_indices(100, 2).test)


def test_too_few_jets_to_split_are_refused():
    with pytest.raises(InputError, match="at least 20 jets"):
        split_indices(19, 1)


@pytest.mark.parametrize("seed", [None, 0])
def test_batches_hold_every_jet_once_and_no_needless_padding(seed):
    cloud = numbered_jets()
    generator = None if seed is None else torch.Generator().manual_seed(seed)
    seen = []
    for batch in batches(cloud, 32, generator):
        assert batch.mask.shape[1] == max(1, int(batch.multiplicity.max()))
        for row, number in enumerate(batch.condition("number").long().tolist()):
            kept = batch.particles[row][batch.mask[row]]
            torch.testing.assert_close(kept, cloud.particles[number][cloud.mask[number]])
            seen.append(number)
    assert sorted(seen) == list(range(len(cloud)))


def test_weighted_batches_hold_each_jet_as_often_as_its_weight_says():
    cloud = numbered_jets(2000)
    number = cloud.condition("number")
    weighted = replace(cloud, weights=(number % 4).float())
    seen = [
        batch.condition("number")
        for batch in batches(weighted, 32, torch.Generator().manual_seed(0), weighted=True)
    ]
    shares = (torch.cat(seen) % 4).long().bincount(minlength=4) / len(cloud)
    assert shares.tolist() == pytest.approx([0, 1 / 6, 1 / 3, 1 / 2], abs=0.04)
    assert shares[0] == 0


@pytest.mark.parametrize("weights", [-torch.ones(300), torch.zeros(300)])
def test_weights_that_nothing_can_be_drawn_by_are_refused(weights):
    with pytest.raises(InputError, match=r"weights: expected (finite )?event weights"):
        cloud = replace(numbered_jets(), weights=weights)
        next(batches(cloud, 32, torch.Generator().manual_seed(0), weighted=True))


def test_shuffled_batches_pad_little_and_differ_between_seeds():
    cloud = numbered_jets(2000)
    padded = sum(
        batch.mask.numel() for batch in batches(cloud, 32, torch.Generator().manual_seed(0))
    )
    assert padded < 1.15 * int(cloud.mask.sum())
    first, second = (
        next(batches(cloud, 32, torch.Generator().manual_seed(s))).condition("number")
        for s in (0, 1)
    )
    assert set(first.tolist()) != set(second.tolist())
