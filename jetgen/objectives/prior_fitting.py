"""Fitting the flow prior to the codes of a trained autoencoder."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn

from jetgen.objectives.base import Loss, Objective
from jetgen.objectives.vae import VAE, Codes


class PriorFitting(Objective):
    r"""Negative log-likelihood :math:`-\log p(z \mid c)` of codes drawn from the posteriors.

    The autoencoder stays as it is. A batch is a :class:`~jetgen.objectives.vae.Codes`.

    Args:
        autoencoder: the trained model, with a flow prior.
    """

    def __init__(self, autoencoder: VAE) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def optimised(self) -> dict[str, Iterable[nn.Parameter]]:
        flow = self.autoencoder.flow
        return {"prior": list(flow.parameters()) if flow is not None else []}

    def losses(self, batch: Codes, epoch: int, generator: torch.Generator) -> dict[str, Loss]:
        flow = self.autoencoder.flow
        assert flow is not None
        z = batch.draw(generator)
        loss = -flow.log_prob(z, self.autoencoder.prior_context(batch.context))
        return {"prior": Loss(loss, {"prior_nll": loss})}
