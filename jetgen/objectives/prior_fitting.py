"""Fitting the flow prior to the codes of a trained autoencoder."""

from __future__ import annotations

import torch

from jetgen.objectives.autoencoder import Autoencoder, Codes
from jetgen.objectives.base import Loss, Objective, Player


class PriorFitting(Objective):
    r"""Negative log-likelihood :math:`-\log p(z \mid c)` of codes drawn from the posteriors.

    The autoencoder stays as it is. A batch is a :class:`~jetgen.objectives.autoencoder.Codes`.

    Args:
        autoencoder: the trained model, with a flow prior.
    """

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def players(self) -> dict[str, Player]:
        flow = self.autoencoder.flow
        return {"prior": Player(flow.parameters() if flow is not None else [])}

    def loss(self, player: str, batch: Codes, epoch: int, generator: torch.Generator) -> Loss:
        flow = self.autoencoder.flow
        assert flow is not None
        z = batch.draw(generator)
        loss = -flow.log_prob(z, self.autoencoder.prior_context(batch.context))
        return Loss(loss, {"prior_nll": loss})
