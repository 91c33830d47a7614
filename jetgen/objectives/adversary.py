"""Logged quantities and checks of the health of a discriminator."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor

from jetgen.sharing import gathered

PATIENCE = 10
"""Number of consecutive epochs after which a discriminator counts as dead."""

SATURATED, CONSTANT = 0.999, 1e-5
"""Accuracy above which the discriminator is saturated; spread below which it is constant."""


def health(real: Tensor, fake: Tensor) -> dict[str, Tensor]:
    """Values for the log, from the discriminator's outputs ``(B,)`` for real and generated inputs.

    ``discriminator_accuracy`` is the share of pairs in which the real input has the larger output,
    ``discriminator_spread`` the standard deviation of all outputs.
    """
    ours, theirs = gathered(real), gathered(fake)
    centre = (ours.mean() + theirs.mean()) / 2
    spread = (((ours - centre).square() + (theirs - centre).square()).mean() / 2).sqrt()
    return {
        "discriminator_accuracy": (real > fake).to(real),
        "discriminator_spread": spread.expand(len(real)),
    }


def dead_discriminator(history: Sequence[Mapping[str, Any]], saturates: bool = True) -> str | None:
    """The cause, if a discriminator has been dead for :data:`PATIENCE` epochs; else None.

    Args:
        history: rows of metrics, one per epoch.
        saturates: whether a perfect discriminator gives no gradient; false for a critic.
    """
    recent = history[-PATIENCE:]
    if len(recent) < PATIENCE:
        return None
    accuracy = [float(row["train_discriminator_accuracy"]) for row in recent]
    spread = [float(row["train_discriminator_spread"]) for row in recent]
    if max(spread) < CONSTANT:
        return (
            f"dead discriminator: its output was the same for all jets for {PATIENCE} epochs; try "
            "a smaller `learning_rate` or a smaller `label_noise`"
        )
    if saturates and min(accuracy) > SATURATED:
        return (
            f"dead discriminator: it classified all jets correctly for {PATIENCE} epochs, so that "
            "the generator gets no gradient; try a smaller `discriminator_rate`, more "
            "`label_noise` or `input_noise`, or gan_loss='wgan-gp'"
        )
    return None
