"""Options of the losses of a training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.components import CONSTRAINTS, LOSSES
from jetgen.config.option import WIDEST, option
from jetgen.config.sections.by_objective import by_objective


def weighted_name(text: str) -> list[str]:
    """The name of a component in ``NAME`` or ``NAME=WEIGHT``."""
    return [text.partition("=")[0]]


@dataclass(frozen=True)
class LossOptions:
    """The reconstruction loss, and the terms that are added to it."""

    loss: str = option(
        "chamfer",
        choices=LOSSES,
        section="loss",
        common=True,
        help="reconstruction loss; bce is for features transformed to [0, 1] (transform='x=unit')",
    )
    loss_option: list[str] = option(
        [], help="NAME=VALUE of an own option of the loss; may be given several times"
    )
    loss_scale: float = option(
        None,
        derived=by_objective("loss_scale"),
        above=0,
        help="factor on the mean reconstruction loss, so that beta is of order one (default: 10 "
        "with a likelihood, else 100)",
    )
    likelihood_weight: float = option(
        None,
        derived=by_objective("likelihood_weight"),
        at_least=0,
        help="weight of the likelihood of real particles under Gaussians around the decoded "
        "positions; above 0, particles are drawn from these Gaussians instead of their centres "
        "(default: 50 for an autoencoder of jets with a loss between sets, else 0)",
    )
    likelihood: Literal["mixture", "one-to-one"] = option(
        "mixture",
        help="Gaussian that a real particle may come from: any one, or one of its own, by optimal "
        "assignment",
    )
    width_scale: float = option(
        1.0,
        above=0,
        help="factor on the widths of these Gaussians where jets are made; fitted without it",
    )
    constraint: list[str] = option(
        None,
        derived=by_objective("constraint"),
        choices=CONSTRAINTS,
        names=weighted_name,
        help="jet-level terms added to the loss, NAME or NAME=WEIGHT, or none; the multiplicity is "
        "the effective one, (sum pT)^2 / sum pT^2 (default: mass=2 for an autoencoder of jets, "
        "else none)",
    )
    constraint_difference: Literal["squared", "absolute", "relative"] = option(
        "relative",
        help="how these terms measure a difference: squared ones of mass and pt are in GeV^2 for "
        "cartesian jets (published weight about 0.001), relative ones have no unit",
    )
    emd_backend: Literal["auto", "exact", "sinkhorn", "geomloss"] = option(
        "auto", help="solver of the emd loss; auto is exact on the CPU, sinkhorn elsewhere"
    )
    beta: float = option(0.5, at_least=0, help="weight of the Kullback-Leibler term")
    beta_warmup: int = option(10, at_least=0, help="epochs over which beta rises from 0")
    free_bits: float = option(
        0.0,
        at_least=0,
        help="nats per latent dimension without a Kullback-Leibler penalty",
    )
    latent_weight: float = option(
        10.0,
        above=0,
        help="weight of the term that matches the codes to the prior (wae, swae, aae)",
    )
    mmd_kernel: Literal["inverse-multiquadric", "rbf"] = option(
        "inverse-multiquadric", help="kernel of the wae's distance"
    )
    code_step: float = option(
        0.0,
        at_least=0,
        help="round codes to multiples of this before they are decoded, in training too, where "
        "the gradient passes unchanged (autoencoders); 0 for continuous codes",
    )
    projections: int = option(
        50, at_least=1, below=WIDEST, help="random directions of a sliced Wasserstein distance"
    )
