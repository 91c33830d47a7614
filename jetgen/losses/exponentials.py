"""``exp`` and ``logsumexp`` that avoid slow underflow on the CPU.

An exponential that underflows takes torch on the CPU ten times as long as one that does not, and
most of those between particles underflow. Here exponents are clamped just above that limit.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor


def exp(exponents: Tensor) -> Tensor:
    """``exp`` of the exponents, at least about a thousand times the smallest normal number."""
    lowest = 0.9 * math.log(torch.finfo(exponents.dtype).tiny)
    return exponents.clamp(min=lowest).exp()


def log_sum_exp(scores: Tensor, dim: int) -> Tensor:
    r""":func:`torch.logsumexp`, :math:`\log \sum_k \exp s_k`, over an axis with a finite score.

    >>> log_sum_exp(torch.tensor([[0.0, 0.0, -1e30]]), dim=1)
    tensor([0.6931])
    """
    highest = scores.detach().amax(dim, keepdim=True)
    return highest.squeeze(dim) + exp(scores - highest).sum(dim).log()
