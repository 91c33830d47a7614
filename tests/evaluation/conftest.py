"""Toy jets with a known structure."""

import math
from collections.abc import Callable

import pytest
import torch

from jetgen.cloud import CARTESIAN, ParticleCloud
from jetgen.physics.fourvectors import massless


def make_toy_jets(jets: int, seed: int, width: float = 0.12, slots: int = 30) -> ParticleCloud:
    """Jets of about 1 TeV: a steep share-out of pT, and a jet-by-jet width (so correlations)."""
    generator = torch.Generator().manual_seed(seed)
    count = (18 + 4 * torch.randn(jets, 1, generator=generator)).round().clamp(4, slots)
    mask = torch.arange(slots) < count
    share = torch.rand(jets, slots, generator=generator).clamp(min=1e-6).log() ** 2 * mask
    share = share / share.sum(1, keepdim=True)
    pt = 1000 + 100 * torch.rand(jets, 1, generator=generator)
    eta = 0.8 * torch.randn(jets, 1, generator=generator)
    phi = math.pi * (2 * torch.rand(jets, 1, generator=generator) - 1)
    spread = width * (0.5 + torch.rand(jets, 1, generator=generator))
    deta, dphi = torch.randn(2, jets, slots, generator=generator) * spread
    momenta = massless(pt * share, eta + deta, phi + dphi)
    return ParticleCloud(momenta[..., :3], mask, CARTESIAN)


@pytest.fixture(scope="session")
def toy_jets() -> Callable[..., ParticleCloud]:
    return make_toy_jets
