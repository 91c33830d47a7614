"""The transport kernels against their torch twins and closed forms."""

import pytest
import torch

from jetgen.losses import SinkhornSettings, emd, exact_emd

# Jets with NaN and infinite particles, and sums too large for single precision, are meant here;
# numpy remarks on them in the interpreter.
pytestmark = [
    pytest.mark.triton,
    pytest.mark.filterwarnings(
        "ignore:All-NaN slice", "ignore:invalid value encountered", "ignore:overflow encountered"
    ),
]

ACCURATE = SinkhornSettings(eps=2.0, tolerance=1e-9, max_iterations=300)


@pytest.mark.parametrize(
    ("n", "m", "D", "power"),
    [
        (1, 1, 2, 2),
        (1, 4, 3, 1),
        (2, 3, 8, 1.5),
        (9, 9, 3, 3),
        (7, 33, 3, 2),
        (33, 5, 2, 1),
    ],
)
def test_divergence_and_all_its_gradients(make_sets, both_kernels, n, m, D, power):
    x, x_mask, y, y_mask = make_sets(n, m, D)
    x, y = 0.5 * x, 0.5 * y
    wx, wy = (0.2 + torch.rand(t.shape[:2], dtype=t.dtype, device=t.device) for t in (x, y))

    def loss(x, y, wx, wy):
        options = {"x_weights": wx, "y_weights": wy, "settings": ACCURATE, "power": power}
        return emd(x, x_mask, y, y_mask, backend="sinkhorn", **options)

    ours, theirs = both_kernels(loss, x, y, wx, wy)
    for one, other in zip(ours, theirs, strict=True):
        assert one.isfinite().all()
        torch.testing.assert_close(one, other, rtol=1e-6, atol=1e-7)
    assert (ours[1][~x_mask] == 0).all()
    assert (ours[2][~y_mask] == 0).all()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_lower_precision(make_sets, both_kernels, dtype):
    x, x_mask, y, y_mask = make_sets(9, 7)
    settings = SinkhornSettings(eps=0.5, tolerance=1e-3, max_iterations=20)

    def loss(x, y):
        return emd(x, x_mask, y, y_mask, backend="sinkhorn", settings=settings)

    tolerance = 1e-4 if dtype == torch.float32 else 1e-2
    for one, other in zip(*both_kernels(loss, x.to(dtype), y.to(dtype)), strict=True):
        torch.testing.assert_close(one, other, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("power", [1, 2])
def test_one_particle_each_and_a_shifted_permutation(make_sets, power):
    x, x_mask, y, y_mask = make_sets(1, 1)
    value = emd(x, x_mask, y, y_mask, backend="sinkhorn", power=power)
    expected = (x[0, 0] - y[0, 0]).norm() ** power
    torch.testing.assert_close(value[0], expected)
    x = make_sets(6, 6)[0][:1]
    mask = torch.ones(1, 6, dtype=torch.bool, device=x.device)
    shift = torch.tensor([0.3, 0.0, 0.4], device=x.device, dtype=x.dtype)
    value = emd(x, mask, x.flip(1) + shift, mask, backend="sinkhorn", settings=ACCURATE)
    assert value.item() == pytest.approx(0.25, abs=1e-6)  # exact for the divergence, squared


def test_coincident_and_empty_sets(make_sets):
    x, x_mask, _, _ = make_sets(7, 7, dtype=torch.float32)
    x[:, 1] = x[:, 0]
    x_mask[1] = False
    x.requires_grad_()
    value = emd(x, x_mask, x.detach(), x_mask, backend="sinkhorn", power=1)
    value.sum().backward()
    assert value.abs().max() < 1e-5
    assert x.grad.isfinite().all()
    assert (x.grad[1] == 0).all()


@pytest.mark.parametrize("eps", [1e-2, 1e-4])
def test_single_precision_survives_small_regularisation(make_sets, eps):
    x, x_mask, y, y_mask = make_sets(9, 8, dtype=torch.float32)
    settings = SinkhornSettings(eps=eps, max_iterations=50)
    value = emd(x, x_mask, y, y_mask, backend="sinkhorn", settings=settings)
    torch.testing.assert_close(value, exact_emd(x, x_mask, y, y_mask), rtol=0.1, atol=0.02)


def test_a_jet_gone_wrong_says_so_and_spoils_no_other(make_sets):
    x, x_mask, y, y_mask = make_sets(5, 6)
    few = {"backend": "sinkhorn", "settings": SinkhornSettings(max_iterations=3)}
    expected = emd(x, x_mask, y, y_mask, **few)
    for wrong in (torch.nan, torch.inf):
        x[0, 3] = wrong
        value = emd(x, x_mask, y, y_mask, **few)
        assert not value[0].isfinite()
        assert value[1] == expected[1]


@pytest.mark.gpu
@pytest.mark.parametrize(("n", "m"), [(150, 127), (256, 256), (1000, 300)])
def test_large_sets_and_the_same_bits_every_time(make_sets, both_kernels, n, m):
    x, x_mask, y, y_mask = make_sets(n, m, B=64, dtype=torch.float32)
    settings = SinkhornSettings(eps=0.2, tolerance=1e-4, max_iterations=1000)

    def loss(x, y):
        return emd(x, x_mask, y, y_mask, backend="sinkhorn", settings=settings)

    ours, theirs = both_kernels(loss, x, y)
    torch.testing.assert_close(ours[0], theirs[0], rtol=1e-2, atol=1e-3)
    for one, other in zip(ours[1:], theirs[1:], strict=True):
        torch.testing.assert_close(one, other, rtol=1e-2, atol=1e-3 * other.abs().max().item())
    for one, other in zip(ours, both_kernels(loss, x, y)[0], strict=True):
        assert torch.equal(one, other)
