"""The conditional normal prior: its divergence, density and draws agree."""

import torch
from torch.distributions import Normal, kl_divergence

from jetgen.priors.conditional import ConditionalGaussianPrior


def test_divergence_density_and_draws_are_those_of_a_normal_distribution():
    generator = torch.Generator().manual_seed(1)
    prior = ConditionalGaussianPrior(3, 2, 8)
    context = torch.randn(5, 2, generator=generator)
    assert torch.equal(prior.moments(context)[0], torch.zeros(5, 3))  # it begins as the normal one
    with torch.no_grad():
        for parameter in prior.parameters():
            parameter.copy_(0.5 * torch.randn(parameter.shape, generator=generator))
        mean, log_variance = prior.moments(context)
        own = Normal(mean, (0.5 * log_variance).exp())
        m, s = torch.randn(2, 5, 3, generator=generator)
        expected = kl_divergence(Normal(m, (0.5 * s).exp()), own).sum(1)
        torch.testing.assert_close(prior.divergence(m, s, context), expected)
        torch.testing.assert_close(prior.log_prob(m, context), own.log_prob(m).sum(1))
        many = prior.sample(context[:1].expand(40_000, 2), generator)
        torch.testing.assert_close(many.mean(0), mean[0], atol=0.05, rtol=0.05)
        torch.testing.assert_close(many.std(0), own.stddev[0], atol=0.05, rtol=0.05)
