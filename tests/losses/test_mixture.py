import math

import pytest
import torch

from jetgen.losses.mixture import mixture_nll


def sets(seed=0, jets=4, n=5, m=6, d=3):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(shape, generator=generator).double()

    return normal(jets, n, d), 0.3 * normal(jets, n, d), normal(jets, m, d)


def everything(tensor):
    return torch.ones(tensor.shape[:2], dtype=torch.bool)


def test_value_is_that_of_torch_s_mixture_distribution():
    x, log_widths, y = sets()
    mixture = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(torch.ones(4, 5).double()),
        torch.distributions.Independent(torch.distributions.Normal(x, log_widths.exp()), 1),
    )
    expected = -mixture.log_prob(y.transpose(0, 1)).mean(0)
    received = mixture_nll(x, log_widths, everything(x), y, everything(y))
    torch.testing.assert_close(received, expected)


def test_one_centre_is_a_gaussian():
    x, log_widths, y = sets(n=1, m=1)
    squares = ((y - x) / log_widths.exp()).square().sum((1, 2))
    expected = 0.5 * squares + log_widths.sum((1, 2)) + 1.5 * math.log(2 * math.pi)
    torch.testing.assert_close(
        mixture_nll(x, log_widths, everything(x), y, everything(y)), expected
    )


@pytest.mark.parametrize("junk", [float("nan"), 1e30])
def test_padding_changes_neither_value_nor_gradient(junk):
    x, log_widths, y = sets()
    x_mask, y_mask = everything(x), everything(y)
    x_mask[:, 4], y_mask[:, 3:] = False, False
    x_mask[0], y_mask[1] = False, False  # empty sets

    def value(fill):
        leaves = [
            torch.where(mask.unsqueeze(-1), tensor, fill).requires_grad_()
            for tensor, mask in ((x, x_mask), (log_widths, x_mask), (y, y_mask))
        ]
        loss = mixture_nll(leaves[0], leaves[1], x_mask, leaves[2], y_mask)
        loss.sum().backward()
        return loss, [leaf.grad for leaf in leaves]

    (clean, clean_gradients), (dirty, dirty_gradients) = value(0.0), value(junk)
    torch.testing.assert_close(dirty, clean)
    for ours, theirs in zip(dirty_gradients, clean_gradients, strict=True):
        torch.testing.assert_close(ours, theirs)
    assert clean[:2].tolist() == [0.0, 0.0]


def test_order_of_centres_and_particles_does_not_matter():
    x, log_widths, y = sets()
    order, other = torch.randperm(5), torch.randperm(6)
    shuffled = mixture_nll(
        x[:, order], log_widths[:, order], everything(x), y[:, other], everything(y)
    )
    expected = mixture_nll(x, log_widths, everything(x), y, everything(y))
    torch.testing.assert_close(shuffled, expected)


def test_gradients():
    x, log_widths, y = (t.requires_grad_() for t in sets(jets=2, n=3, m=2))
    mask = everything(x)
    mask[0, 2] = False
    assert torch.autograd.gradcheck(
        lambda a, b, c: mixture_nll(a, b, mask, c, everything(c)), (x, log_widths, y)
    )


def test_vanishing_common_width_gives_the_squared_chamfer_distance():
    from jetgen.losses.chamfer import chamfer

    x, _, y = sets()
    width = 1e-2
    log_widths = torch.full_like(x, math.log(width))
    nll = mixture_nll(x, log_widths, everything(x), y, everything(y))
    constant = 3 * (math.log(width) + 0.5 * math.log(2 * math.pi)) + math.log(5)
    nearest = chamfer(y, everything(y), x, everything(x), sided="x", normalisation="mean")
    torch.testing.assert_close(2 * width**2 * (nll - constant), nearest)
