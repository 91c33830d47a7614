"""Options of ``jetgen train``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from jetgen.components import (
    CONSTRAINTS,
    DECODERS,
    DISCRIMINATORS,
    ENCODERS,
    FIGURES,
    LOSSES,
    OBJECTIVES,
    PRIORS,
    TRANSFORMS,
)
from jetgen.config.option import named_components, option, refuse, require, seed_option, validate
from jetgen.config.reading import (
    allow_option,
    drop_missing_option,
    first_option,
    map_option,
    select_option,
)
from jetgen.kinds import ENTRIES, JETS, Kind, kind_of

IN_MEMORY = "in memory"
"""The value of ``data`` for sets that were passed from Python, not read from files."""

REGION = "region"
"""The name of the condition that says whether a jet lies in a chosen region."""

MULTIPLICITY = "n"
"""The name of the number of particles among the conditions; every model receives it."""


NO_CONSTRAINT = "none"
"""The value of ``constraint`` that stands for an empty list."""

OWN_OPTIONS = ("objective", "encoder", "decoder", "discriminator", "loss", "prior")
"""Options that name a component; the component can have options of its own."""


def weighted_name(text: str) -> list[str]:
    """The name of a component in ``NAME`` or ``NAME=WEIGHT``."""
    return [text.partition("=")[0]]


def steps_of(text: str) -> list[str]:
    """The names of the steps in ``FEATURE=STEP+STEP``; a feature may have ``=`` in its name."""
    _, equals, steps = text.rpartition("=")
    return steps.split("+") if equals else []


def _by_objective(name: str) -> Callable[[TrainConfig], Any]:
    """The default of an option that depends on the objective."""

    def value(config: TrainConfig) -> Any:
        return OBJECTIVES[config.objective].recipe(config)[name]

    return value


def _representation(config: TrainConfig) -> str:
    """The default representation: features if columns are named, else that of jets."""
    kind = ENTRIES if config.columns or config.target else JETS
    return kind.representations[0]


WIDEST, DEEPEST = 2**16, 1_000
"""Widths and numbers of layers below which a typing error does not take the memory of a machine."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what is trained, on what, and how."""

    data: list[str] = option(["data/gluon.h5"], help="file with jets; may be given several times")
    run: str = option("runs/latest", help="folder that the run is written to")
    resume: bool = option(False, help="continue the run in that folder")
    seed: int = seed_option(1, help="seed of the split, initial weights, batches and noise")
    device: Literal["auto", "cpu", "cuda"] = option("auto", help="where to train")
    devices: int | None = option(
        None,
        at_least=1,
        below=1025,
        help="processes per machine that train together, on a GPU each, or on shares of the CPUs "
        "(default: as many as torchrun started, otherwise 1)",
    )
    nodes: int | None = option(
        None, at_least=1, below=65537, help="machines (default: as torchrun started, otherwise 1)"
    )
    precision: Literal["32", "bf16"] | None = option(
        None,
        help="numbers that networks compute with; weights and losses have 32 bits (default: bf16 "
        "on a GPU, 32 on the CPU)",
    )
    threads: int = option(0, at_least=0, below=1025, help="CPU threads; 0 leaves torch's choice")

    jet_type: str | None = option(
        None, section="data", help="only jets of this class (gluon, quark, w, z, top)"
    )
    jets: int | None = option(
        None,
        above=0,
        common=True,
        help="at most this many jets, from each file in proportion to its size",
    )
    map: dict[str, str] = map_option()
    allow: tuple[str, ...] = allow_option()
    select: str | None = select_option()
    drop_missing: bool = drop_missing_option()
    first: bool = first_option()
    particles: int = option(
        150, at_least=1, common=True, help="particles kept per jet, leading in pT"
    )
    representation: Literal["relative", "cartesian", "features"] = option(
        None,
        derived=_representation,
        help="relative: etarel, phirel, ptrel of the jet; cartesian: px, py, pz in GeV; features: "
        "named features of sets of any items (muons, di-jets, rows of a table), as in the files "
        "(default: features with `columns` or `target`, otherwise relative)",
    )
    columns: tuple[str, ...] = option(
        (),
        help="the features to train on, NAME,NAME, by their names in the files "
        "(representation='features')",
    )
    target: str | None = option(
        None,
        help="column of a table that is kept with the sets but is no input of the model",
    )
    azimuth: str | None = option(
        None,
        help="feature that is an azimuth in rad: each set is rotated so that its first item lies "
        "at zero, and each generated set by a random angle (representation='features')",
    )
    weighted: bool | None = option(
        None,
        help="draw training jets in proportion to event weights; generated jets have weight one "
        "(default: if the data have weights); otherwise every jet has weight one",
    )
    streamed: bool | None = option(
        None,
        help="leave the jets in their files (HDF5, ROOT, Parquet), read them in blocks and shuffle "
        "these in a buffer, for data larger than memory (default: from 512 MiB of jets on)",
    )
    data_workers: int = option(
        0,
        at_least=0,
        below=1025,
        help="processes that read streamed jets while others are trained on",
    )
    transform: list[str] = option(
        [],
        choices=TRANSFORMS,
        names=steps_of,
        help="feature=steps, steps joined by + (ptrel=log+standardise); may be given several "
        "times; other features are standardised",
    )

    objective: str = option(
        "vae",
        choices=OBJECTIVES,
        section="model",
        common=True,
        help="what the training minimises: ae, a plain autoencoder; vae, a variational one; wae "
        "and swae, with a kernel or sliced Wasserstein distance of its codes to the prior; aae, an "
        "adversarial one; gan, a generative adversarial network; flow-matching",
    )
    condition: list[str] = option(
        [],
        common=True,
        help="jet-level quantities that the model is conditioned on: mass, pt, n, type or others "
        "of the data, NAME or NAME,NAME; may be given several times (n always is one; pt and eta "
        "are with relative features)",
    )
    region: str | None = option(
        None,
        help="selection on observables, such as 'mass > 150' or 'p > 50 and pt > 1': the model is "
        "conditioned on whether a jet passes it (condition `region`, 1 or 0)",
    )
    objective_option: list[str] = option(
        [], help="NAME=VALUE of an own option of the objective; may be given several times"
    )
    encoder: str = option("deepsets", choices=ENCODERS, common=True, help="encoder network")
    encoder_option: list[str] = option(
        [], help="NAME=VALUE of an own option of the encoder; may be given several times"
    )
    decoder: str = option("deepsets", choices=DECODERS, common=True, help="decoder network")
    decoder_option: list[str] = option(
        [], help="NAME=VALUE of an own option of the decoder; may be given several times"
    )
    discriminator: str | None = option(
        None, choices=DISCRIMINATORS, help="the gan's discriminator (default: as `encoder`)"
    )
    discriminator_option: list[str] = option(
        [], help="NAME=VALUE of an own option of the discriminator; may be given several times"
    )
    hidden: int = option(
        96,
        at_least=1,
        below=WIDEST,
        help="width of the hidden layers; of a pyramid's narrowest one",
    )
    layers: int = option(
        3,
        at_least=1,
        below=DEEPEST,
        help="number of hidden layers (dense, pyramid), convolutions (conv) or set layers",
    )
    decoder_hidden: int | None = option(
        None,
        at_least=1,
        below=WIDEST,
        help="width of the decoder, a gan's generator (default: as `hidden`)",
    )
    decoder_layers: int | None = option(
        None, at_least=1, below=DEEPEST, help="its number of layers (default: as `layers`)"
    )
    discriminator_hidden: int | None = option(
        None,
        at_least=1,
        below=WIDEST,
        help="width of the discriminator (gan, aae; default: as `hidden`)",
    )
    discriminator_layers: int | None = option(
        None,
        at_least=1,
        below=DEEPEST,
        help="its number of layers (gan, aae; default: as `layers`, of an aae 2)",
    )
    neighbours: int = option(
        16, at_least=1, below=WIDEST, help="nearest neighbours of the edgeconv encoder"
    )
    edgeconv_backend: Literal["dense", "pyg"] = option(
        "dense", help="own masked kernels, or torch-geometric's layers on ragged graphs"
    )
    queries: Literal["learned", "noise"] = option(
        "learned", help="input of a set decoder for each particle: a learned vector, or noise"
    )
    latent: int = option(20, at_least=1, below=WIDEST, common=True, help="latent dimension")

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
        derived=_by_objective("loss_scale"),
        above=0,
        help="factor on the mean reconstruction loss, so that beta is of order one (default: 10 "
        "with a likelihood, else 100)",
    )
    likelihood_weight: float = option(
        None,
        derived=_by_objective("likelihood_weight"),
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
    constraint: list[str] = option(
        None,
        derived=_by_objective("constraint"),
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

    gan_loss: Literal["bce", "lsgan", "hinge", "wgan-gp"] = option(
        "bce", section="adversarial training", help="what generator and discriminator minimise"
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
    average: float = option(
        0.999,
        at_least=0,
        below=1,
        section="averaging and flow matching",
        help="decay of the averaged weights that generate (gan, flow-matching); 0 for none",
    )
    coupling: Literal["independent", "optimal"] = option(
        "independent",
        help="which noise a particle starts from: any, or by optimal assignment within its jet, "
        "which makes paths straighter (flow-matching)",
    )
    solver: Literal["euler", "midpoint", "heun", "rk4"] = option(
        "midpoint", help="solver of the flow-matching equation (objective and prior)"
    )
    solver_steps: int = option(
        50,
        at_least=1,
        help="equal steps of the solver, with two network evaluations each (four for rk4)",
    )

    prior: str = option(
        None,
        derived=_by_objective("prior"),
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

    epochs: int = option(60, at_least=1, section="training", common=True, help="epochs at most")
    batch: int = option(64, at_least=1, common=True, help="jets per step, over all processes")
    accumulate: int = option(
        1,
        at_least=1,
        below=1025,
        help="pieces that the jets of a step are processed in, one after the other, with less "
        "memory",
    )
    learning_rate: float = option(0.001, above=0, help="learning rate of Adam")
    schedule: Literal["constant", "cosine"] = option("cosine", help="learning rate over epochs")
    clip: float = option(1.0, at_least=0, help="largest norm of the gradient; 0 for no limit")
    patience: int = option(
        80, above=0, help="epochs without a better validation loss before stopping"
    )
    monitor: tuple[str, ...] = option(
        (),
        choices=FIGURES,
        help="metrics of generated against validation jets during training, comma-separated, of "
        "w1m, w1p, fpd and fom (AUC of boosted trees, the only one for sets of named features); "
        "the first one chooses the best epoch",
    )
    monitor_every: int = option(5, help="epochs from one computation of these metrics to the next")
    log: Literal["tensorboard", "wandb"] | None = option(
        None,
        help="write the rows of metrics.csv also for TensorBoard, to the run's folder, or to "
        "Weights & Biases",
    )
    time_limit: float | None = option(
        None,
        above=0,
        common=True,
        help="minutes after which training ends and keeps its best epoch",
    )

    def __post_init__(self) -> None:
        if self.constraint == [NO_CONSTRAINT]:
            object.__setattr__(self, "constraint", [])
        validate(self)
        self._check_features()
        require(
            not (self.multiplicity == "latent" and MULTIPLICITY in self.conditions()),
            "condition",
            "no n with multiplicity='latent', which leaves the number of particles to the model",
            MULTIPLICITY,
        )
        require(
            1 <= self.monitor_every <= (self.patience if self.monitor else self.monitor_every),
            "monitor_every",
            f"from 1 to the patience of {self.patience} epochs",
            self.monitor_every,
        )
        self.constraint_weights()
        self.conditions()
        require(len(self.data) > 0, "data", "at least one file", self.data)
        chosen = dict(self.chosen_components())
        for component in chosen.values():
            component.check(self)
        for name in OWN_OPTIONS:
            given = getattr(self, f"{name}_option")
            require(name in chosen or not given, f"{name}_option", f"none without `{name}`", given)
            self.own_options(name)

    def chosen_components(self) -> Iterator[tuple[str, Any]]:
        """Each component that an option names, imported, with the name of the option."""
        for name, registry, component in named_components(self):
            yield name, registry[component]

    def own_options(self, name: str) -> dict[str, Any]:
        """The values of the own options of the component that an option names.

        Raises:
            InputError: for an option that it does not have, or an unsuitable value.
        """
        texts = getattr(self, f"{name}_option")
        values: dict[str, Any] = {}
        for option_name, component in self.chosen_components():
            if option_name == name:
                values = component.own_options(f"{name}_option", texts)
        return values

    def _check_features(self) -> None:
        """Check the options of sets of named features, which have no jet kinematics."""
        require(
            self.kind.features_by_name or not (self.columns or self.target),
            "representation",
            "features (or none named) with `columns` or `target`",
            self.representation,
        )
        require(
            self.target not in (*self.columns, *self.conditions()),
            "target",
            "a column that is neither among `columns` nor a `condition`",
            self.target,
        )
        refuse(self, self.kind.refused)
        figures = self.kind.monitored
        others = [name for name in self.monitor if figures is not None and name not in figures]
        require(
            not others,
            "monitor",
            f"{', '.join(figures or ())} alone with representation={self.representation!r}, whose "
            "sets have no jet kinematics",
            others,
        )

    @property
    def kind(self) -> Kind:
        """Jets or sets of named features."""
        return kind_of(self.representation)

    def conditions(self) -> list[str]:
        """The names of the requested conditions, each once."""
        names = [name.strip() for text in self.condition for name in text.split(",")]
        require(all(names), "condition", "NAME or NAME,NAME", self.condition)
        if self.region is not None:
            names.append(REGION)
        return list(dict.fromkeys(names))

    def auxiliary_columns(self) -> list[str]:
        """The columns of sets of named features that are not trained on: conditions and target."""
        if not self.kind.features_by_name:
            return []
        names = [name for name in self.conditions() if name not in (MULTIPLICITY, REGION)]
        return names if self.target is None else [*names, self.target]

    def constraint_weights(self) -> dict[str, float]:
        """The weight of each jet-level term by its name.

        Raises:
            InputError: for an unknown term, or a weight that is not a positive number.
        """
        weights = {}
        for text in self.constraint:
            name, _, number = text.partition("=")
            try:
                weights[name] = float(number) if number else 1.0
            except ValueError:
                weights[name] = 0.0
            require(weights[name] > 0, "constraint", "NAME=WEIGHT with a positive weight", text)
        return weights
