"""Chamfer values that can be worked out by hand, and the gradient of the plain formula."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from jetgen.errors import InputError
from jetgen.losses import Chamfer, chamfer, density_aware_chamfer

ONES = torch.ones(1, 4, dtype=torch.bool)


def broadcast(x: Tensor, x_mask: Tensor, y: Tensor, y_mask: Tensor) -> Tensor:
    """The default convention by its formula."""
    table = (x.unsqueeze(2) - y.unsqueeze(1)).square().sum(-1)
    table = table.masked_fill(~(x_mask.unsqueeze(2) & y_mask.unsqueeze(1)), torch.inf)
    one = table.amin(2).masked_fill(~x_mask, 0.0).sum(1)
    return one + table.amin(1).masked_fill(~y_mask, 0.0).sum(1)


def test_value_and_gradient_of_the_plain_formula() -> None:
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(40, 9, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    y = torch.randn(40, 11, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    x_mask = torch.arange(9) < torch.randint(1, 10, (40, 1), generator=generator)
    y_mask = torch.arange(11) < torch.randint(1, 12, (40, 1), generator=generator)
    ours, plain = (f(x, x_mask, y, y_mask) for f in (chamfer, broadcast))
    torch.testing.assert_close(ours, plain)
    for a, b in zip(*(torch.autograd.grad(v.sum(), (x, y)) for v in (ours, plain)), strict=True):
        torch.testing.assert_close(a, b)


@pytest.mark.parametrize("options", [{}, {"power": 1}, {"norm": "l1"}, {"normalisation": "mean"}])
def test_gradcheck(options: dict[str, object]) -> None:
    generator = torch.Generator().manual_seed(1)
    x = torch.randn(2, 4, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    y = torch.randn(2, 5, 3, generator=generator, dtype=torch.float64, requires_grad=True)
    w = torch.rand(2, 4, generator=generator, dtype=torch.float64, requires_grad=True)
    x_mask, y_mask = torch.ones(2, 4, dtype=torch.bool), torch.ones(2, 5, dtype=torch.bool)
    x_mask[1, 2:] = False

    def loss(x: Tensor, y: Tensor, w: Tensor) -> Tensor:
        return chamfer(x, x_mask, y, y_mask, x_weights=w, **options)

    assert torch.autograd.gradcheck(loss, (x, y, w))


@settings(max_examples=30, deadline=None)
@given(
    shift=st.lists(st.floats(-5, 5), min_size=3, max_size=3),
    power=st.sampled_from([1, 2, 3]),
    norm=st.sampled_from(["l1", "l2"]),
)
def test_one_particle_each(shift: list[float], power: float, norm: str) -> None:
    shift_ = torch.tensor([[shift]], dtype=torch.float64)
    x = torch.ones(1, 1, 3, dtype=torch.float64)
    mask = torch.ones(1, 1, dtype=torch.bool)
    distance = shift_.norm(p=1 if norm == "l1" else 2)
    value = chamfer(x, mask, x + shift_, mask, power=power, norm=norm)
    torch.testing.assert_close(value[0], 2 * distance**power)


def test_sides_and_normalisation() -> None:
    x = torch.tensor([[[0.0], [1.0], [2.0], [10.0]]])
    y = torch.tensor([[[0.0], [3.0]]])
    args = (x, ONES, y, ONES[:, :2])
    assert chamfer(*args, sided="x").item() == 0 + 1 + 1 + 49
    assert chamfer(*args, sided="y").item() == 0 + 1
    assert chamfer(*args).item() == 52
    assert chamfer(*args, normalisation="mean").item() == 51 / 4 + 1 / 2
    weights = torch.tensor([[1.0, 1.0, 1.0, 0.0]])
    assert chamfer(*args, sided="x", x_weights=weights).item() == 2
    mean = chamfer(*args, sided="x", x_weights=weights, normalisation="mean")
    assert mean.item() == pytest.approx(2 / 3)


def test_density_aware_pays_for_crowding() -> None:
    """Four particles on one of four targets: the matched one costs 1 - 1/4 a particle, and back
    three far targets cost one each, the fourth shares its neighbour with them."""
    spread = torch.tensor([[[0.0], [1e3], [2e3], [3e3]]])
    assert density_aware_chamfer(spread, ONES, spread, ONES).item() == 0
    stacked = torch.zeros(1, 4, 1)
    value = density_aware_chamfer(stacked, ONES, spread, ONES).item()
    assert value == pytest.approx((3 / 4) / 2 + (3 / 4 + 1 + 1 + 1) / 4 / 2)


def test_density_aware_far_apart_is_one() -> None:
    x = torch.zeros(1, 4, 2)
    assert density_aware_chamfer(x, ONES, x + 1e6, ONES).item() == pytest.approx(1)


def test_wrong_arguments_are_named() -> None:
    x = torch.zeros(1, 4, 3)
    with pytest.raises(InputError, match=r"sided: expected one of two, x, y, received 'both'"):
        chamfer(x, ONES, x, ONES, sided="both")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="x_mask: expected a mask of bool"):
        chamfer(x, ONES.float(), x, ONES)
    with pytest.raises(InputError, match=r"y: expected shape \(1, M, 3\)"):
        chamfer(x, ONES, x[..., :2], ONES)
    with pytest.raises(InputError, match="power: expected a number of at least 1"):
        chamfer(x, ONES, x, ONES, power=0.5)
    with pytest.raises(InputError, match=r"x_weights: expected shape \(1, 4\)"):
        chamfer(x, ONES, x, ONES, x_weights=torch.ones(1, 3))
    with pytest.raises(InputError, match="reduction: expected none, mean or sum"):
        chamfer(x, ONES, x, ONES, reduction="max")  # type: ignore[arg-type]


def test_module_says_its_options() -> None:
    module = Chamfer(power=1, reduction="mean")
    assert "power=1" in repr(module)
    assert module(torch.zeros(1, 4, 3), ONES, torch.ones(1, 4, 3), ONES).shape == ()
