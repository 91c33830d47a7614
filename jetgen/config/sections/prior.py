"""Options of the prior of the latent codes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.components import PRIORS
from jetgen.config.option import DEEPEST, WIDEST, option
from jetgen.config.sections.by_objective import by_objective


@dataclass(frozen=True)
class PriorOptions:
    """The distribution of codes, and how it is fitted."""

    prior: str = option(
        None,
        derived=by_objective("prior"),
        choices=PRIORS,
        section="prior",
        common=True,
        help="distribution of latent codes: fixed, with codes matched to it by the objective "
        "(gaussian, mixture, discrete), or fitted to the codes (flow, flow-matching; default: "
        "flow for an autoencoder, else gaussian)",
    )
    prior_option: list[str] = option(
        [], help="NAME=VALUE of an own option of the prior; may be given several times"
    )
    components: int = option(
        10,
        at_least=2,
        below=WIDEST,
        help="components of the mixture prior, or categories of the discrete one",
    )
    prior_training: Literal["after", "joint"] = option(
        "after", help="fit a learned prior after the autoencoder, or together with it"
    )
    prior_epochs: int = option(
        30, above=0, help="epochs of a learned prior that is fitted after the autoencoder"
    )
    flow_transforms: int = option(
        6, at_least=1, below=DEEPEST, help="coupling transforms of the flow prior"
    )
    flow_hidden: int = option(
        128, at_least=1, below=WIDEST, help="width of a learned prior's networks"
    )
    multiplicity: Literal["data", "latent"] = option(
        "data",
        help="draw numbers of particles from the distribution of the data, or from a model of "
        "them given the latent code",
    )
