"""Options of trainings with a discriminator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.config.option import option


@dataclass(frozen=True)
class AdversarialOptions:
    """How generator and discriminator are trained."""

    gan_loss: Literal["bce", "lsgan", "hinge", "wgan-gp"] = option(
        "lsgan", section="adversarial training", help="what generator and discriminator minimise"
    )
    label_noise: float = option(
        0.3, at_least=0, help="Gaussian noise on real and fake labels (gan losses bce and lsgan)"
    )
    label_smoothing: float = option(
        0.0, at_least=0, help="subtracted from the labels of real jets only (bce, lsgan)"
    )
    input_noise: float = option(
        0.001,
        at_least=0,
        help="Gaussian noise on the transformed features that the gan's discriminator receives",
    )
    gradient_penalty: float = option(
        10.0, at_least=0, help="weight of the gradient penalty of wgan-gp"
    )
    critic_steps: int = option(
        1, at_least=1, help="steps of the gan's discriminator per step of its generator"
    )
    discriminator_rate: float = option(
        1.0, above=0, help="factor on the learning rate for the discriminator (aae, gan)"
    )
    amsgrad: bool = option(False, help="AMSGrad variant of Adam (gan)")
