"""The laws of losses on masked sets, and whether a reconstruction loss keeps them.

Each law is a function of a loss ``(x, x_mask, y, y_mask) -> (B,)`` that raises ``AssertionError``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor

from jetgen.config.train import TrainConfig
from jetgen.losses.base import ReconstructionLoss
from jetgen.testing.holding import hold

Loss = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
Problem = tuple[Tensor, Tensor, Tensor, Tensor]

COUNTS = ([7, 1, 0, 3, 0, 4, 6], [5, 1, 0, 0, 2, 4, 5])
"""Numbers of particles of the two sets of each pair."""

# A sum over particles in another order rounds differently, and a network simplex may end in another
# of several optimal vertices only where there are ties.
TOLERANCE: dict[str, Any] = {"rtol": 1e-6, "atol": 1e-9}


def pairs(n: list[int], m: list[int], N: int = 7, M: int = 5, seed: int = 0) -> Problem:
    """Pairs of sets of ``n`` and ``m`` particles in ``N`` and ``M`` slots."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(len(n), N, 3, generator=generator, dtype=torch.float64)
    y = torch.randn(len(m), M, 3, generator=generator, dtype=torch.float64)
    x_mask = torch.arange(N) < torch.tensor(n).unsqueeze(1)
    y_mask = torch.arange(M) < torch.tensor(m).unsqueeze(1)
    return x, x_mask, y, y_mask


def value_and_gradients(
    loss: Loss, x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """The values, and the gradients of their sum by both sets."""
    x, y = x.clone().requires_grad_(), y.clone().requires_grad_()
    value = loss(x, x_mask, y, y_mask)
    to_x, to_y = torch.autograd.grad(value.sum(), (x, y))
    return value.detach(), to_x, to_y


def gives_one_finite_value_for_each_jet(loss: Loss) -> None:
    """Not negative, zero for two empty sets, positive between different ones."""
    value, dx, dy = value_and_gradients(loss, *pairs(*COUNTS))
    assert value.shape == (7,)
    assert (value > -1e-9).all()
    assert value[2] == 0
    assert value[[0, 5, 6]].min() > 0
    assert dx.isfinite().all()
    assert dy.isfinite().all()


def ignores_order(loss: Loss, *, ordered: bool = False) -> None:
    """Of either set; of an ``ordered`` loss, of both sets in the same way."""
    x, x_mask, y, y_mask = pairs(*COUNTS, N=5)
    p, q = torch.randperm(5, generator=torch.Generator().manual_seed(1)), torch.arange(5)
    before = value_and_gradients(loss, x, x_mask, y, y_mask)
    for a, b in [(p, p)] if ordered else [(p, p), (p, q), (q, p)]:
        value, dx, dy = value_and_gradients(loss, x[:, a], x_mask[:, a], y[:, b], y_mask[:, b])
        torch.testing.assert_close(value, before[0], **TOLERANCE)
        torch.testing.assert_close(dx, before[1][:, a], **TOLERANCE)
        torch.testing.assert_close(dy, before[2][:, b], **TOLERANCE)


def ignores_padding(loss: Loss) -> None:
    """What padded slots hold and how many there are does not count, and receives no gradient."""
    x, x_mask, y, y_mask = pairs(*COUNTS)
    expected = value_and_gradients(loss, x, x_mask, y, y_mask)
    pad = torch.nn.functional.pad
    masks = pad(x_mask, (0, 3)), pad(y_mask, (0, 4))
    for junk in (0.0, torch.nan, torch.inf, 1e30):
        x2 = pad(x.masked_fill(~x_mask.unsqueeze(2), junk), (0, 0, 0, 3), value=junk)
        y2 = pad(y.masked_fill(~y_mask.unsqueeze(2), junk), (0, 0, 0, 4), value=junk)
        value, dx, dy = value_and_gradients(loss, x2, masks[0], y2, masks[1])
        torch.testing.assert_close(value, expected[0], **TOLERANCE)
        torch.testing.assert_close(dx[:, :7], expected[1], **TOLERANCE)
        torch.testing.assert_close(dy[:, :5], expected[2], **TOLERANCE)
        assert (dx[~masks[0]] == 0).all()
        assert (dy[~masks[1]] == 0).all()


def treats_jets_independently(loss: Loss) -> None:
    """A jet's value does not depend on the others; one of NaN has a value of NaN, no other has."""
    x, x_mask, y, y_mask = pairs(*COUNTS)
    together = value_and_gradients(loss, x, x_mask, y, y_mask)
    for k in range(len(x)):
        rows = slice(k, k + 1)
        alone = value_and_gradients(loss, x[rows], x_mask[rows], y[rows], y_mask[rows])
        for one, all_ in zip(alone, together, strict=True):
            torch.testing.assert_close(one[0], all_[k], **TOLERANCE)
    x[0, 0] = torch.nan
    spoiled = loss(x, x_mask, y, y_mask)
    assert spoiled[0].isnan()
    torch.testing.assert_close(spoiled[1:], together[0][1:], **TOLERANCE)


def takes_any_number_of_particles(loss: Loss, *, empty_is_far: bool = False) -> None:
    """From none to all slots; a set beside an empty one counts nothing unless ``empty_is_far``."""
    for n in (0, 1, 6, 7):
        for m in (0, 1, 4, 5):
            value, dx, dy = value_and_gradients(loss, *pairs([n, 7], [m, 5]))
            assert value.isfinite().all()
            assert dx.isfinite().all()
            assert dy.isfinite().all()
            if not (n and m) and not empty_is_far:
                assert value[0] == 0
                assert (dx[0] == 0).all()
                assert (dy[0] == 0).all()


def has_finite_slopes_between_equal_sets(loss: Loss) -> None:
    """Also where two particles are at one point, where a square root has an infinite slope."""
    x, x_mask, _, _ = pairs([7, 1, 4], [5, 1, 4])
    x[:, 1] = x[:, 0]
    value, dx, dy = value_and_gradients(loss, x, x_mask, x, x_mask)
    assert value.isfinite().all()
    assert dx.isfinite().all()
    assert dy.isfinite().all()


def has_the_gradient_of_finite_differences(loss: Loss, *, error: float = 1e-4) -> None:
    """In random directions, to this share of all slopes together."""
    x, x_mask, y, y_mask = pairs([7, 2, 4], [5, 2, 4], seed=3)
    _, dx, dy = value_and_gradients(loss, x, x_mask, y, y_mask)
    step = 1e-5
    generator = torch.Generator().manual_seed(4)
    u = torch.randn(x.shape, generator=generator, dtype=x.dtype)
    v = torch.randn(y.shape, generator=generator, dtype=y.dtype)
    up = loss(x + step * u, x_mask, y + step * v, y_mask)
    down = loss(x - step * u, x_mask, y - step * v, y_mask)
    measured = (up - down) / (2 * step)
    slope = (dx * u).sum((1, 2)) + (dy * v).sum((1, 2))
    assert (slope - measured).norm() < error * measured.norm()


def takes_single_and_half_precision(
    loss: Loss, *, single: float = 1e-4, half: float = 3e-2
) -> None:
    """With gradients of the type of the particles, and values that are right to these shares."""
    for dtype, tolerance in ((torch.float32, single), (torch.bfloat16, half)):
        x, x_mask, y, y_mask = pairs(*COUNTS)
        x, y = x.to(dtype), y.to(dtype)
        value, dx, dy = value_and_gradients(loss, x, x_mask, y, y_mask)
        expected = loss(x.double(), x_mask, y.double(), y_mask)
        assert (dx.dtype, dy.dtype) == (dtype, dtype)
        torch.testing.assert_close(value.double(), expected, rtol=tolerance, atol=tolerance)


def check_loss(
    loss: type[ReconstructionLoss], options: Mapping[str, Any] | None = None, /, **training: Any
) -> None:
    """Check that a reconstruction loss is a function of sets with right gradients.

    Args:
        loss: the class; one with ``ordered`` may go slot by slot, and one with ``unit_features``
            is given features in [0, 1].
        options: its own options by name.
        training: options of the training that it is built with.

    Raises:
        AssertionError: when it breaks a law, with the law's name.
    """
    own = loss.filled_options(options)
    built = loss.build(TrainConfig(**training), own)

    def call(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
        if loss.unit_features:
            x, y = in_unit_range(x, x_mask), in_unit_range(y, y_mask)
        return built(x, x_mask, y, y_mask)

    hold(gives_one_finite_value_for_each_jet, call)
    hold(ignores_order, call, ordered=loss.ordered)
    hold(ignores_padding, call)
    hold(treats_jets_independently, call)
    hold(takes_any_number_of_particles, call, empty_is_far=True)
    hold(has_finite_slopes_between_equal_sets, call)
    hold(has_the_gradient_of_finite_differences, call)
    hold(takes_single_and_half_precision, call)


def in_unit_range(x: Tensor, mask: Tensor) -> Tensor:
    """Features as what a sigmoid makes of them."""
    return x.masked_fill(~mask.unsqueeze(2), 0.0).sigmoid()
