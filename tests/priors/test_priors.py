import math

import pytest
import torch

from jetgen.priors.discrete import DiscretePrior
from jetgen.priors.flow import FlowPrior
from jetgen.priors.flow_matching import FlowMatchingPrior
from jetgen.priors.gaussian import GaussianPrior
from jetgen.priors.jets import JetDistribution
from jetgen.priors.mixture import WIDTH, MixturePrior
from jetgen.priors.multiplicity import LatentMultiplicity


def test_gaussian_log_probability_is_that_of_the_normal_distribution():
    z = torch.randn(7, 4)
    expected = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(1)
    torch.testing.assert_close(GaussianPrior(4).log_prob(z, z), expected)


def flow(latent=3, context=1):
    torch.manual_seed(0)
    return FlowPrior(latent, context, transforms=3, hidden=16)


def test_flow_density_is_normalised():
    prior = flow(latent=1)
    prior.fit_scale(3 + 2 * torch.randn(1000, 1))
    z = torch.linspace(-60, 60, 20_001).unsqueeze(1)
    density = prior.log_prob(z, torch.zeros(len(z), 1)).exp()
    assert torch.trapezoid(density, z[:, 0]).item() == pytest.approx(1, abs=1e-3)


@pytest.mark.slow
def test_flow_learns_what_the_gaussian_prior_misses():
    generator = torch.Generator().manual_seed(0)
    context = torch.randn(4000, 1, generator=generator)
    codes = 0.1 * torch.randn(4000, 3, generator=generator) + torch.cat(
        [context, context**2, torch.sign(torch.randn(4000, 1, generator=generator))], dim=1
    )
    prior = flow()
    prior.fit_scale(codes)
    optimiser = torch.optim.Adam(prior.parameters(), lr=5e-3)
    for _ in range(150):
        loss = -prior.log_prob(codes, context).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    gaussian = -GaussianPrior(3).log_prob(codes, context).mean()
    assert loss < gaussian - 2
    drawn = prior.sample(context, generator).detach()
    assert (drawn[:, 0] - context[:, 0]).abs().median() < 0.2
    assert (drawn[:, 2].abs() - 1).abs().median() < 0.2


def test_flow_is_finite_far_outside_its_splines():
    prior = flow()
    z = torch.full((2, 3), 1e4, requires_grad=True)
    loss = prior.log_prob(z, torch.zeros(2, 1)).sum()
    loss.backward()
    assert math.isfinite(loss.item()) and torch.isfinite(z.grad).all()


@pytest.mark.parametrize("prior", [GaussianPrior(3), flow()], ids=["gaussian", "flow"])
def test_samples_follow_the_generator(prior):
    context = torch.zeros(5, 1)
    one, again, other = (
        prior.sample(context, torch.Generator().manual_seed(seed)) for seed in (1, 1, 2)
    )
    assert torch.equal(one, again) and not torch.equal(one, other)


def test_drawn_jets_keep_the_data_s_distribution_and_correlations(make_gaussian_jets):
    cloud = make_gaussian_jets(2000, seed=0)
    jets = JetDistribution(len(cloud), ["pt", "eta"])
    jets.fit(cloud)
    draw = jets.draw(20_000, torch.Generator().manual_seed(1))
    for name, drawn in draw.conditions.items():
        real = cloud.condition(name)
        assert drawn.min() >= real.min() and drawn.max() <= real.max()
        quantiles = torch.linspace(0.05, 0.95, 10)
        spread = real.std()
        torch.testing.assert_close(
            drawn.quantile(quantiles), real.quantile(quantiles), atol=0.06 * spread, rtol=0
        )
    share = (draw.multiplicity == 7).float().mean()
    assert share.item() == pytest.approx((cloud.multiplicity == 7).float().mean().item(), abs=0.02)
    assert len(draw.conditions["pt"].unique()) > 19_000  # no training jet is repeated


def test_multiplicity_given_z_learns_its_law():
    torch.manual_seed(0)
    model = LatentMultiplicity(2, particles=6, hidden=16)
    z = torch.randn(500, 2)
    multiplicity = torch.where(z[:, 0] > 0, 5, 2)
    optimiser = torch.optim.Adam(model.parameters(), lr=0.02)
    for _ in range(150):
        optimiser.zero_grad()
        model.negative_log_likelihood(z, multiplicity).mean().backward()
        optimiser.step()
    drawn = model.draw(z, torch.Generator().manual_seed(0))
    assert (drawn == multiplicity).float().mean() > 0.95


def test_mixture_density_is_normalised_and_as_wide_as_the_normal_one():
    torch.manual_seed(0)
    prior = MixturePrior(1, 4)
    z = torch.linspace(-10, 10, 2001).unsqueeze(1)
    density = prior.log_prob(z, z).exp()
    assert torch.trapezoid(density, z[:, 0]).item() == pytest.approx(1, abs=1e-4)
    assert torch.trapezoid(density * z[:, 0] ** 2, z[:, 0]).item() == pytest.approx(1, abs=1e-4)


def test_mixture_draws_each_component_as_often_with_its_width():
    torch.manual_seed(0)
    prior = MixturePrior(20, 3)
    z = prior.sample(torch.zeros(6000, 1), torch.Generator().manual_seed(1))
    nearest = torch.cdist(z, prior.means).argmin(1)
    assert nearest.bincount().tolist() == pytest.approx([2000] * 3, rel=0.06)
    assert (z - prior.means[nearest]).std().item() == pytest.approx(WIDTH, rel=0.01)


def test_discrete_prior_has_a_category_and_a_style_and_no_density():
    prior = DiscretePrior(5, 3)
    z = prior.sample(torch.zeros(6000, 1), torch.Generator().manual_seed(1))
    category, style = z.split([3, 2], dim=1)
    assert torch.equal(category.sort(1).values, torch.tensor([[0.0, 0.0, 1.0]]).expand(6000, 3))
    assert category.sum(0).tolist() == pytest.approx([2000] * 3, rel=0.06)
    assert style.std(0).tolist() == pytest.approx([1, 1], rel=0.03)
    admitted = prior.constrain(torch.tensor([[50.0, 0.0, 0.0, -7.0, 8.0]]))
    torch.testing.assert_close(admitted, torch.tensor([[1.0, 0.0, 0.0, -7.0, 8.0]]))
    with pytest.raises(NotImplementedError, match="discrete prior has no density"):
        prior.log_prob(z, z)


def test_flow_matching_prior_learns_two_modes_that_follow_the_context():
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)

    def codes(context):
        side = torch.sign(torch.randn(context.shape, generator=generator))
        return 20 + 3 * torch.cat([context, side], 1) + 0.1 * torch.randn(len(context), 2)

    prior = FlowMatchingPrior(2, 1, hidden=64, solver="heun", steps=20)
    context = torch.randn(1000, 1, generator=generator)
    known = codes(context)
    prior.fit_scale(known)
    optimiser = torch.optim.Adam(prior.parameters(), lr=5e-3)
    for _ in range(400):
        optimiser.zero_grad()
        prior.loss(known, context, generator).mean().backward()
        optimiser.step()
    calls = []
    prior.velocity.register_forward_hook(lambda *call: calls.append(call))
    asked = torch.randn(1000, 1, generator=generator)
    with torch.no_grad():
        z = (prior.sample(asked, generator) - 20) / 3
    assert len(calls) == prior.evaluations == 40
    assert (z[:, 0] - asked[:, 0]).abs().mean() < 0.2
    assert (z[:, 1].abs() - 1).abs().mean() < 0.2
    assert 0.4 < (z[:, 1] > 0).double().mean() < 0.6


def test_standardisation_follows_codes_whose_batches_differ():
    prior = flow(latent=1)
    generator = torch.Generator().manual_seed(0)
    for step in range(1000):
        prior.follow_scale(5 + (-1) ** step * 3 + 4 * torch.randn(64, 1, generator=generator))
    assert prior.shift.item() == pytest.approx(5, abs=0.3)
    assert prior.scale.item() == pytest.approx(5, abs=0.2)  # of both batches together
