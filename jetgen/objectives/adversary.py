"""How the health of a discriminator is logged and judged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

PATIENCE = 10
"""Epochs in a row that a discriminator must be unhealthy."""

SATURATED, CONSTANT = 0.999, 1e-5
"""An accuracy above which nothing is left to learn from; a spread below which nothing is said."""


def health(real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """Parts for the log, from the discriminator's outputs ``(B,)`` for real and made inputs.

    ``discriminator_accuracy`` is the share of pairs whose real output is the larger,
    ``discriminator_spread`` the root mean square of outputs about their mean over both.
    """
    centre = (real.mean() + fake.mean()) / 2
    spread = (((real - centre).square() + (fake - centre).square()).mean() / 2).sqrt()
    return {
        "discriminator_accuracy": (real > fake).to(real),
        "discriminator_spread": spread.expand(len(real)),
    }


def dead_discriminator(history: Sequence[Mapping[str, Any]], saturates: bool = True) -> str | None:
    """The cause, when a discriminator has had nothing to say for :data:`PATIENCE` epochs.

    Args:
        history: rows of metrics, one an epoch.
        saturates: whether a perfect discriminator stops teaching; not so with a critic.
    """
    recent = history[-PATIENCE:]
    if len(recent) < PATIENCE:
        return None
    accuracy = [float(row["train_discriminator_accuracy"]) for row in recent]
    spread = [float(row["train_discriminator_spread"]) for row in recent]
    if max(spread) < CONSTANT:
        return (
            f"dead discriminator: for {PATIENCE} epochs it gives every jet the same output; try a "
            "smaller `learning_rate` or a smaller `label_noise`"
        )
    if saturates and min(accuracy) > SATURATED:
        return (
            f"dead discriminator: for {PATIENCE} epochs it tells every jet it is shown, so that "
            "nothing is left to learn from it; try a smaller `discriminator_rate`, more "
            "`label_noise` or `input_noise`, or gan_loss='wgan-gp'"
        )
    return None
