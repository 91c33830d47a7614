"""Sets of particles for the kernels, and what they give beside their torch twins."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor

Sets = tuple[Tensor, Tensor, Tensor, Tensor]


def random_sets(n: int, m: int, D: int = 3, B: int = 2, dtype: torch.dtype = torch.float64) -> Sets:
    """Normal sets with holes in the masks and NaN in the holes; the first jet is full."""
    generator = torch.Generator().manual_seed(100 * n + m)
    sets: list[Tensor] = []
    for size in (n, m):
        points = torch.randn(B, size, D, generator=generator, dtype=dtype)
        mask = torch.rand(B, size, generator=generator) < 0.7
        mask[0] = True
        sets += [points.masked_fill(~mask.unsqueeze(2), torch.nan), mask]
    x, x_mask, y, y_mask = sets
    return x, x_mask, y, y_mask


@pytest.fixture
def make_sets(kernel_device: torch.device) -> Callable[..., Sets]:
    return lambda *args, **kwargs: tuple(t.to(kernel_device) for t in random_sets(*args, **kwargs))


@pytest.fixture
def both_kernels(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[list, list]]:
    """``loss(*inputs)`` and its gradients, by Triton and then by torch."""

    def run(loss: Callable[..., Tensor], *inputs: Tensor) -> tuple[list, list]:
        results = []
        for kernels in ("triton", "torch"):
            monkeypatch.setenv("JETGEN_KERNELS", kernels)
            leaves = [t.clone().requires_grad_() for t in inputs]
            value = loss(*leaves)
            scale = torch.arange(1, len(value) + 1, device=value.device)
            gradients = torch.autograd.grad(
                (value * scale).sum(), leaves, allow_unused=True, materialize_grads=True
            )
            results.append([value.detach(), *gradients])
        monkeypatch.setenv("JETGEN_KERNELS", "triton")
        return results[0], results[1]

    return run
