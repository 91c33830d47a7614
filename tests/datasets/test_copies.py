"""Copies of a jet are in one set of every split: of a training, and of a classifier."""

import json

import pytest
import torch

import jetgen
from jetgen.classifiers.boosted_trees import figure_of_merit
from jetgen.classifiers.figure_of_merit import halves
from jetgen.cloud import ParticleCloud
from jetgen.configs import preset
from jetgen.datasets.copies import copy_keys
from jetgen.datasets.loading import HeldJets, split_indices
from jetgen.datasets.reading import Selection
from jetgen.datasets.streaming import StreamedJets
from jetgen.errors import InputError, InputWarning

TINY = preset("classic") | {
    "particles": 12, "hidden": 8, "layers": 1, "latent": 3, "epochs": 1, "device": "cpu",
}  # fmt: skip


@pytest.fixture
def twice(make_gaussian_jets):
    """60 jets, 20 of which are there again in another order of their particles."""
    jets = make_gaussian_jets(60, 1)
    mirrored = jets.replace(particles=jets.particles.flip(1), mask=jets.mask.flip(1))
    return ParticleCloud.concatenate([jets, mirrored[20:40]])


def test_keys_agree_for_copies_alone(twice):
    keys = copy_keys(twice)
    assert torch.equal(keys[60:], keys[20:40]) and len(keys.unique()) == 60
    mask = torch.ones(5, 1, dtype=torch.bool)
    single = ParticleCloud(torch.ones(5, 1, 3), mask, twice.features[:3])
    assert len(copy_keys(single).unique()) == 5, "sets of one item agree by chance"
    assert torch.equal(copy_keys(twice, block=7), keys)


@pytest.mark.parametrize("seed", range(5))
def test_a_split_keeps_copies_together_and_all_others_where_they_are(twice, seed):
    keys = copy_keys(twice)
    split = split_indices(len(twice), seed, keys)
    assert torch.equal(torch.cat(split).sort().values, torch.arange(len(twice)))
    owners = [set(keys[rows].tolist()) for rows in split]
    assert sum(map(len, owners)) == len(set.union(*owners)) == 60
    plain = split_indices(len(twice), seed)
    moved = sum(len(set(a.tolist()) - set(b.tolist())) for a, b in zip(split, plain, strict=True))
    assert moved <= 20
    for a, b in zip(split_indices(60, seed, keys[:60]), split_indices(60, seed), strict=True):
        assert torch.equal(a, b)


def test_too_few_different_jets_are_refused():
    with pytest.raises(InputError, match="40 of which 1 are different"):
        split_indices(40, 1, torch.zeros(40, dtype=torch.long))


def test_jets_in_files_are_split_as_those_in_memory(twice, tmp_path):
    path = jetgen.write(twice, tmp_path / "jets.h5")
    held = HeldJets(Selection([path]).all(), seed=3)
    streamed = StreamedJets(Selection([path]), lambda jets, first=0: jets, 3, 0)
    assert streamed.sizes == held.sizes and sum(held.sizes.values()) == 80
    for one, other in ((streamed.validation, held.validation), (streamed.sample(), held.sample())):
        assert torch.equal(one.particles, other.particles)


def test_held_out_jets_of_a_run_are_not_among_those_of_its_training(twice, tmp_path):
    with pytest.warns(InputWarning, match="20 of 80 sets are copies"):
        run = jetgen.train(data=[str(jetgen.write(mirror(twice), tmp_path / "jets.h5"))],
                           run=tmp_path / "run", **TINY)  # fmt: skip

    def shared():
        with pytest.warns(InputWarning, match="20 of 80 sets are copies"):
            model = jetgen.load(run)
            sides = copy_keys(model.training_jets()), copy_keys(model.held_out())
        return int(torch.isin(*sides).sum())

    assert shared() == 0
    file = run / "environment.json"
    content = json.loads(file.read_text())
    assert sum(content["split"][name] for name in ("training", "validation", "test")) == 80
    del content["split"]["copies_together"]  # as in runs of jetgen 0.2
    file.write_text(json.dumps(content))
    assert shared() > 0


def mirror(twice):
    """The same with copies in the order of their jets, as they are counted when files are read."""
    return twice[torch.cat([torch.arange(60), torch.arange(20, 40)])]


@pytest.mark.parametrize("seed", range(3))
def test_halves_of_a_classifier_share_no_jet(seed):
    real = torch.arange(400)
    generated = torch.cat([torch.arange(300, 400), torch.arange(1000, 1200), real[:100] + 1000])
    weights = torch.ones(400)
    dealt = halves(weights, weights, 400, seed, (real, generated))
    trained = torch.cat([real[dealt.train_real], generated[dealt.train_generated]])
    tested = torch.cat([real[dealt.test_real], generated[dealt.test_generated]])
    assert not torch.isin(trained, tested).any() and len(trained) + len(tested) == 800
    alone = halves(weights, weights, 400, seed, (real, real + 1000))
    for a, b in zip(alone, halves(weights, weights, 400, seed), strict=True):
        assert torch.equal(a, b)


def test_trees_do_not_learn_the_labels_of_copies():
    table = torch.randn(600, 6, generator=torch.Generator().manual_seed(1)).double()
    keys = torch.arange(600)
    names = list("abcdef")
    fooled = figure_of_merit(table, table, names)
    found = figure_of_merit(table, table, names, keys=(keys, keys))
    assert found.auc == 0.5 and fooled.auc < 0.4
