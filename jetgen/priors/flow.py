"""A normalizing flow learned on the codes that the encoder really produces."""

from __future__ import annotations

import torch
import zuko
from torch import Tensor, nn


class FlowPrior(nn.Module):
    r"""Neural spline flow with coupling transforms, conditional on the context.

    .. math:: \log p(z \mid c) = \log N(f(z; c); 0, 1) + \log |\det \partial f / \partial z|

    Coupling transforms (``passes=2``) sample as fast as they evaluate; the splines are linear
    outside [-5, 5], where standardised codes hardly come. Codes are standardised by running
    statistics that :meth:`fit_scale` sets.

    Reference:
        Neural Spline Flows (Durkan, Bekasov, Murray, Papamakarios, 2019), arXiv:1906.04032.

    Args:
        latent: number of latent columns.
        context: number of context columns.
        transforms: number of coupling transforms.
        hidden: width of the two hidden layers of each transform's network.
    """

    shift: Tensor
    scale: Tensor

    def __init__(self, latent: int, context: int, *, transforms: int, hidden: int) -> None:
        super().__init__()
        self.flow = zuko.flows.NSF(
            latent,
            context,
            transforms=transforms,
            passes=2,
            randperm=True,
            hidden_features=(hidden, hidden),
        )
        self.register_buffer("shift", torch.zeros(latent))
        self.register_buffer("scale", torch.ones(latent))

    @torch.no_grad()
    def fit_scale(self, z: Tensor) -> None:
        """Set the standardisation of the codes from a sample ``(M, L)`` of them."""
        self.shift.copy_(z.mean(0))
        self.scale.copy_(z.std(0).clamp(min=1e-6))

    def log_prob(self, z: Tensor, context: Tensor) -> Tensor:
        standard = (z - self.shift) / self.scale
        return self.flow(context).log_prob(standard) - self.scale.log().sum()

    def sample(self, context: Tensor, generator: torch.Generator | None = None) -> Tensor:
        noise = torch.randn(
            (len(context), len(self.shift)), generator=generator, dtype=context.dtype
        ).to(context.device)
        return self.flow(context).transform.inv(noise) * self.scale + self.shift
