"""Copies of a jet are in one set of every split: of a training, and of a classifier."""

import json

import pytest
import torch

import jetgen
from jetgen.classifiers.boosted_trees import figure_of_merit
from jetgen.classifiers.figure_of_merit import halves
from jetgen.cloud import Feature, ParticleCloud
from jetgen.configs import preset
from jetgen.datasets.copies import Copies, copy_keys
from jetgen.datasets.loading import HeldJets, split_indices
from jetgen.datasets.selection import Selection
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
    keys = copy_keys(twice)[0]
    assert torch.equal(keys[60:], keys[20:40]) and len(keys.unique()) == 60
    parts = Copies()
    for start in range(0, 80, 30):
        parts.add(twice[start : start + 30], block=7)
    assert torch.equal(parts.keys(), keys)
    assert torch.isin(*copy_keys(twice[:30], twice[20:])).tolist() == [False] * 20 + [True] * 10


def rows(values):
    """A table of these rows ``(B, F)``."""
    mask = torch.ones(len(values), 1, dtype=torch.bool)
    names = tuple(Feature(f"x{k}") for k in range(values.shape[1]))
    return ParticleCloud(values.unsqueeze(1).float(), mask, names)


@pytest.mark.parametrize("repeats", [slice(0, 3), slice(0, 1000)])
def test_equal_rows_of_measured_values_are_copies(repeats):
    values = torch.randn(1000, 3, generator=torch.Generator().manual_seed(1))
    found = Copies()
    found.add(rows(torch.cat([values, values[repeats]])))
    assert found.number == len(values[repeats]) and not found.by_chance


@pytest.mark.parametrize("different, columns", [(2, 3), (100, 2), (1_000, 1), (5_000, 1)])
def test_rows_that_agree_by_chance_are_not(different, columns):
    random = torch.Generator().manual_seed(1)
    values = torch.randint(different, (4000, columns), generator=random) / different
    equal = len(values) - len(values.unique(dim=0))
    found = Copies()
    found.add(rows(values))
    assert found.number == 0 and found.by_chance == equal > 0
    assert len(found.keys().unique()) == 4000


def test_empty_sets_and_jets_of_one_particle_at_the_axis_are_no_copies(twice):
    mask = torch.arange(twice.mask.shape[1]) < torch.arange(80).unsqueeze(1) % 2
    alike = twice.replace(particles=torch.ones_like(twice.particles), mask=mask)
    assert len(copy_keys(alike)[0].unique()) == 80


def test_training_on_rows_keeps_copies_together_or_warns(tmp_path):
    random = torch.Generator().manual_seed(2)
    values = torch.randn(60, 3, generator=random)
    options = TINY | {"particles": 1, "representation": "features"}
    with pytest.warns(InputWarning, match="60 of 120 sets are copies"):
        run = jetgen.train(data=rows(values.repeat(2, 1)), run=tmp_path / "a", **options)
    with pytest.warns(InputWarning, match="60 of 120 sets are copies"):
        model = jetgen.load(run, data=rows(values.repeat(2, 1)))
        sides = model.training_jets(), model.held_out()
    assert not torch.isin(*copy_keys(*sides)).any()
    few = rows(torch.randint(3, (120, 2), generator=random))
    with pytest.warns(InputWarning, match="111 of 120 rows are equal to others"):
        jetgen.train(data=few, run=tmp_path / "b", **options)


@pytest.mark.parametrize("seed", range(5))
def test_a_split_keeps_copies_together_and_all_others_where_they_are(twice, seed):
    keys = copy_keys(twice)[0]
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
            sides = copy_keys(model.training_jets(), model.held_out())
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
