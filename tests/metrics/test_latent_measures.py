"""Information, regions, layouts and walks of codes with a known law."""

import math

import pytest
import torch

from jetgen.classifiers.region_search import search_region
from jetgen.cloud import RELATIVE, Feature, ParticleCloud
from jetgen.errors import InputError, InputWarning
from jetgen.latent.embedding import tsne
from jetgen.latent.walks import blend, interpolation, traversals
from jetgen.metrics.mutual_information import mutual_information


@pytest.fixture
def noise():
    return torch.randn(1500, 3, generator=torch.Generator().manual_seed(3)).double()


@pytest.mark.parametrize("rho", [0.0, 0.6, -0.9])
def test_information_of_gaussian_quantities(rho):
    noise = torch.randn(6000, 3, generator=torch.Generator().manual_seed(3)).double()
    other = rho * noise[:, 0] + math.sqrt(1 - rho**2) * noise[:, 1]
    found = mutual_information(noise[:, [0, 2]], other)
    assert found.tolist() == pytest.approx([-0.5 * math.log(1 - rho**2), 0.0], abs=0.1)


def test_information_sees_what_correlation_does_not(noise):
    assert mutual_information(noise[:, :1], noise[:, 0].square())[0] > 1


def test_information_about_classes_is_at_most_their_entropy(noise):
    classes = noise[:, 0] > 0
    found = mutual_information(noise[:, :2], classes, discrete=True)
    assert found.tolist() == pytest.approx([math.log(2), 0.0], abs=0.05)


def test_a_half_space_is_found_and_its_column_named(noise):
    found = search_region(noise, noise[:, 1] > 0)
    assert min(found.linear.auc, found.trees.auc) > 0.98
    assert found.trees.importances[0][0] == "z2"


def test_a_shell_is_found_by_trees_alone(noise):
    found = search_region(noise, noise[:, :2].norm(dim=1) > 1.2)
    assert found.linear.auc == pytest.approx(0.5, abs=4 * found.linear.auc_error)
    assert found.trees.auc > 0.95


def test_a_region_that_has_nothing_to_do_with_the_codes_is_not_found(noise):
    found = search_region(noise[:, :2], noise[:, 2] > 0)
    for side in found:
        assert side.auc == pytest.approx(0.5, abs=4 * side.auc_error)


def test_a_region_of_few_jets_is_refused(noise):
    with pytest.raises(InputError, match="received 19 and 1481"):
        search_region(noise, torch.arange(1500) < 19)


def test_a_small_region_is_searched_by_cross_validation(noise):
    """The 40 largest values of a column are found, a random 40 are not."""
    largest = torch.zeros(len(noise), dtype=torch.bool)
    largest[noise[:, 1].argsort()[-40:]] = True
    with pytest.warns(InputWarning, match="40 jets inside and 1460 outside, fewer than 100"):
        found = search_region(noise, largest)
    assert min(found.linear.auc, found.trees.auc) > 0.95
    assert found.trees.importances[0][0] == "z2"
    with pytest.warns(InputWarning):
        none = search_region(noise, torch.arange(len(noise)) < 40)
    for side in none:
        assert side.auc == pytest.approx(0.5, abs=4 * side.auc_error)
    assert none.trees.auc_error > 0.03  # that of 40 and 40 jets


def test_clusters_stay_apart_in_the_layout():
    codes = torch.randn(120, 5, generator=torch.Generator().manual_seed(1))
    codes[:60] += 20
    places = tsne(codes)
    assert places.shape == (120, 2)
    apart = (places[:60].mean(0) - places[60:].mean(0)).norm()
    assert apart > 2 * max(places[:60].std(), places[60:].std())
    with pytest.raises(InputError, match="at least 10 to lay out their codes, received 5"):
        tsne(codes[:5])


def test_a_traversal_moves_one_column_over_its_range(noise):
    walk = traversals(noise, torch.tensor([7.0, 8.0, 9.0]).double(), torch.tensor([2, 0]), 5)
    assert walk.shape == (2, 5, 3)
    assert (walk[0, :, :2] == torch.tensor([7.0, 8.0])).all()
    assert (walk[1, :, 1:] == torch.tensor([8.0, 9.0])).all()
    assert walk[0, [0, 4], 2].tolist() == pytest.approx([-2.05, 2.05], abs=0.2)
    assert torch.allclose(walk[0, :, 2].diff(), walk[0, :, 2].diff()[0])


def test_an_interpolation_has_both_ends_and_the_middle():
    line = interpolation(torch.zeros(2), torch.tensor([4.0, -2.0]), 5)
    assert line.tolist() == [[0, 0], [1, -0.5], [2, -1], [3, -1.5], [4, -2]]


def test_blended_jets_lead_from_one_to_the_other():
    mask = torch.arange(9) < torch.tensor([[3], [9]])
    conditions = torch.tensor([[500.0, 0.0], [1000.0, 2.0]])
    names = (Feature("pt", "GeV"), Feature("type"))
    pair = ParticleCloud(torch.ones(2, 9, 3), mask, RELATIVE, conditions, names)
    jets = blend(pair, 5)
    assert jets.multiplicity.tolist() == [3, 4, 6, 8, 9]
    assert jets.condition("pt").tolist() == [500, 625, 750, 875, 1000]
    assert jets.condition("type").tolist() == [0, 0, 0, 2, 2]


def test_mutual_information_of_too_few_values_is_refused():
    assert mutual_information(torch.rand(4, 2), torch.rand(4)).shape == (2,)
    with pytest.raises(InputError, match="expected more than 3 values, received 3"):
        mutual_information(torch.rand(3, 2), torch.rand(3))
