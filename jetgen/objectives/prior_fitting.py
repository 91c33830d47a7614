"""Fitting a learned prior to the codes of a trained autoencoder."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch

from jetgen.objectives.autoencoder import Autoencoder, Codes
from jetgen.objectives.base import Loss, Objective, Player
from jetgen.objectives.weaknesses import still_falling
from jetgen.priors.flow_matching import FlowMatchingPrior


class PriorFitting(Objective):
    """The loss of the prior for codes drawn from the posteriors.

    The autoencoder is not changed. A batch is a :class:`~jetgen.objectives.autoencoder.Codes`.

    Args:
        autoencoder: the trained model, with a learned prior.
    """

    def __init__(self, autoencoder: Autoencoder) -> None:
        super().__init__()
        self.autoencoder = autoencoder

    def players(self) -> dict[str, Player]:
        """The prior, with Adam: for so small a network a step of Muon takes half as long again."""
        prior = self.autoencoder.learned_prior
        return {"prior": Player(prior.parameters() if prior is not None else [], muon=False)}

    def loss(self, player: str, batch: Codes, epoch: int, generator: torch.Generator) -> Loss:
        prior = self.autoencoder.learned_prior
        assert prior is not None
        context = self.autoencoder.prior_context(batch.context)
        loss = prior.loss(batch.draw(generator), context, generator)
        return Loss(loss, {prior.criterion: loss})

    def findings(
        self,
        history: Sequence[Mapping[str, Any]],
        batches: Iterable[Codes],
        generator: torch.Generator,
    ) -> dict[str, str]:
        codes = Codes(*(torch.cat(parts) for parts in zip(*batches, strict=True)))
        found = self.autoencoder.prior_findings(codes, generator)
        if isinstance(self.autoencoder.learned_prior, FlowMatchingPrior):
            found |= still_falling(history)
        return found
