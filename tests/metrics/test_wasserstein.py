"""The 1-Wasserstein distance against scipy, closed forms and its own laws."""

import math
import sys

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import wasserstein_distance

from jetgen.errors import InputError
from jetgen.metrics.wasserstein import between_weightings, wasserstein

numbers = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


@given(numbers, numbers, st.integers(0, 2**31))
@settings(max_examples=60, deadline=None)
def test_agrees_with_scipy_with_weights(a, b, seed):
    generator = torch.Generator().manual_seed(seed)
    wa, wb = (0.1 + torch.rand(len(x), generator=generator).double() for x in (a, b))
    expected = wasserstein_distance(a, b, wa.numpy(), wb.numpy())
    found = wasserstein(
        torch.tensor(a, dtype=torch.float64), torch.tensor(b, dtype=torch.float64), wa, wb
    ).item()
    assert math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-6)


@pytest.mark.parametrize("shift", [0.0, 0.25, -7.0])
def test_a_shift_by_d_costs_d(shift):
    x = torch.randn(1000, generator=torch.Generator().manual_seed(0)).double()
    assert wasserstein(x, x + shift).item() == pytest.approx(abs(shift), abs=1e-12)


def test_a_stretch_costs_the_mean_displacement():
    x = torch.linspace(0, 1, 101).double()
    assert wasserstein(x, 3 * x).item() == pytest.approx(2 * x.mean().item(), rel=1e-12)


def test_integer_weights_are_repetitions():
    a, b = torch.tensor([0.0, 5.0]), torch.tensor([1.0, 2.0, 9.0])
    counts = torch.tensor([3, 1]), torch.tensor([1, 2, 2])
    repeated = wasserstein(a.repeat_interleave(counts[0]), b.repeat_interleave(counts[1]))
    assert wasserstein(a, b, *counts).item() == pytest.approx(repeated.item())


def test_many_weightings_at_once_are_the_single_ones(monkeypatch):
    generator = torch.Generator().manual_seed(3)
    values = torch.randn(60, generator=generator).double()
    group = torch.randint(0, 12, (60,), generator=generator)
    plus, minus = torch.randint(0, 3, (2, 9, 12), generator=generator).double() + 0.5
    monkeypatch.setattr(sys.modules["jetgen.metrics.wasserstein"], "_CHUNK", 150)  # several blocks
    found = between_weightings(values, group, plus, minus)
    expected = torch.stack(
        [wasserstein(values, values, p[group], m[group]) for p, m in zip(plus, minus, strict=True)]
    )
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(
    "bad", [torch.tensor([]), torch.tensor([1.0, math.nan]), torch.tensor([math.inf])]
)
def test_empty_or_infinite_samples_are_refused(bad):
    with pytest.raises(InputError, match="expected two samples of finite values"):
        wasserstein(bad, torch.ones(3))
