"""A generator that copies its training jets is called so, an honest one is not."""

import pytest
import torch

from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError
from jetgen.metrics.memorisation import memorisation


@pytest.fixture(scope="module")
def sets(toy_jets):
    return {
        name: toy_jets(number, seed)
        for name, number, seed in (("training", 600, 1), ("held-out", 300, 2), ("honest", 300, 3))
    }


def copying(sets, copies, total=300):
    """``copies`` training jets with their particles in another order, then honest ones."""
    shuffled = sets["training"][:copies].shuffled(torch.Generator().manual_seed(0))
    return ParticleCloud.concatenate([shuffled, sets["honest"][: total - copies]])


def test_an_honest_generator_is_not_accused(sets):
    found = memorisation(sets["honest"], sets["held-out"], sets["training"])
    assert not found.copies
    assert abs(found.ratio - 1) < 4 * found.ratio_error
    assert found.near < 0.05
    assert found.seen == 0


@pytest.mark.parametrize("copies", [150, 30])
def test_copies_are_found(sets, copies):
    found = memorisation(copying(sets, copies), sets["held-out"], sets["training"])
    assert found.copies
    assert found.near == pytest.approx(copies / 300, abs=0.03)
    assert int((found.generated < 1e-6).sum()) == copies


def test_held_out_jets_that_are_training_jets_are_counted(sets):
    found = memorisation(sets["honest"], copying(sets, 20), sets["training"])
    assert found.seen == 20 and not found.comparable


def test_nothing_is_said_of_a_copying_generator_where_held_out_jets_are_training_jets(sets):
    """No jet is nearer than a held-out one at zero, so that copies would look honest."""
    training = sets["training"]
    found = memorisation(copying(sets, 300), copying(sets, 3), training)
    assert not found.copies and not found.comparable
    assert set(found.record()) & {"copies", "near", "median_ratio"} == set()
    assert memorisation(copying(sets, 300), copying(sets, 2), training).comparable


def test_the_nearest_of_all_training_jets_is_nearly_always_among_the_candidates(sets):
    from jetgen.metrics.memorisation import nearest_training
    from jetgen.metrics.samples import relative_particles

    training = relative_particles(sets["training"])[:200]
    found = nearest_training(sets["honest"], training, "honest", jets=100)
    few = [training[k : k + 16] for k in range(0, 200, 16)]  # of which every distance is computed
    one_by_one = torch.stack(
        [nearest_training(sets["honest"], some, "honest", jets=100) for some in few]
    ).amin(0)
    assert (found >= one_by_one - 1e-12).all()
    assert (found <= one_by_one + 1e-12).double().mean() > 0.9


def test_too_few_jets_are_refused(sets):
    with pytest.raises(InputError, match="at least 100 held-out jets, received 50"):
        memorisation(sets["honest"], sets["held-out"][:50], sets["training"])
