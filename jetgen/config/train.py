"""Options of ``jetgen train``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.config.option import option, require

CONSTRAINTS = ("mass", "pt", "efp", "multiplicity")
"""Jet-level quantities whose difference can be a term of the loss."""

LEARNED_PRIORS = ("flow", "flow-matching")
"""Priors that are fitted to the codes instead of drawing the codes to them."""

MONITORED = ("w1m", "w1p", "fpd", "fom")
"""Figures that a training can follow."""

MONITORED_SETS = ("fom",)
"""Those of them that know sets of any features."""

REGION = "region"
"""The name of the condition that says whether a jet lies in a chosen region."""

MULTIPLICITY = "n"
"""The name of the number of particles among the conditions; every model is given it."""

SLOT_LOSSES = ("mse", "bce")
"""Reconstruction losses that compare slot by slot."""

ORDERED_DECODERS = ("dense", "conv", "pyramid")
"""Decoders whose slots keep their meaning from jet to jet."""


@dataclass(frozen=True)
class TrainConfig:
    """Everything that decides what is trained, on what, and how."""

    data: list[str] = option(["data/gluon.h5"], help="file with jets; may be given several times")
    run: str = option("runs/latest", help="folder that the run is written to")
    resume: bool = option(False, help="go on with the run in that folder")
    seed: int = option(1, help="seed of the split, the initial weights, the batches, the noise")
    device: Literal["auto", "cpu", "cuda"] = option("auto", help="where to train")
    threads: int = option(0, help="CPU threads; 0 leaves torch's choice")

    jet_type: str | None = option(None, help="only jets of this class (gluon, quark, w, z, top)")
    jets: int | None = option(None, help="only so many jets, of each file in proportion")
    particles: int = option(150, help="particles kept a jet, leading in pT")
    representation: Literal["relative", "cartesian", "features"] = option(
        "relative",
        help="etarel, phirel, ptrel of the jet, or px, py, pz in GeV, or the features of sets of "
        "any items (muons, di-jets, rows of a table) as the files name them",
    )
    columns: tuple[str, ...] = option(
        (),
        help="the features to train on, NAME,NAME; they are taken as they are "
        "(representation='features')",
    )
    target: str | None = option(
        None,
        help="column of a table that is kept beside the features and not shown to the model",
    )
    azimuth: str | None = option(
        None,
        help="feature that is an azimuth in rad: sets are turned until their first item lies at "
        "zero, and generated sets by random angles (representation='features')",
    )
    weighted: bool = option(
        False, help="draw batches by event weight, so that generated jets have weight one"
    )
    transform: list[str] = option(
        [],
        help="feature=steps, steps among standardise, minmax, unit, log, asinh, signed-sqrt joined "
        "by + (ptrel=log+standardise); may be given several times; other features are standardised",
    )

    objective: Literal["ae", "vae", "wae", "swae", "aae", "gan", "flow-matching"] = option(
        "vae",
        help="what the training minimises: an autoencoder plain, variational, with a kernel or "
        "sliced Wasserstein distance of its codes to the prior, or adversarial; or a generative "
        "adversarial network; or flow matching",
    )
    condition: list[str] = option(
        [],
        help="jet-level quantities that the model is given: mass, pt, n, type or any other of the "
        "data, NAME or NAME,NAME; may be given several times (n always is, and pt and eta are with "
        "relative features)",
    )
    region: str | None = option(
        None,
        help="a condition on observables, such as 'mass > 150' or 'p > 50 and pt > 1': the model "
        "is given, as the condition region, whether (1) or not (0) a jet meets it",
    )
    encoder: Literal[
        "dense", "conv", "pyramid", "deepsets", "edgeconv", "epic", "message-passing", "transformer"
    ] = option("deepsets", help="encoder network")
    decoder: Literal[
        "dense", "conv", "pyramid", "deepsets", "epic", "message-passing", "transformer"
    ] = option("deepsets", help="decoder network")
    hidden: int = option(128, help="width of the hidden layers; of a pyramid's narrowest one")
    layers: int = option(
        3, help="number of hidden layers (dense, pyramid), convolutions (conv) or set layers"
    )
    neighbours: int = option(16, help="nearest neighbours of the edgeconv encoder")
    edgeconv_backend: Literal["dense", "pyg"] = option(
        "dense", help="own masked kernels, or torch-geometric's layers on ragged graphs"
    )
    queries: Literal["learned", "noise"] = option(
        "learned", help="what tells the particles apart that a decoder of sets makes"
    )
    latent: int = option(20, help="latent dimension")

    loss: Literal["mse", "bce", "chamfer", "emd"] = option(
        "chamfer",
        help="reconstruction loss; bce is for features transformed to [0, 1] (transform='x=unit')",
    )
    loss_scale: float = option(
        100.0, help="factor on the mean reconstruction loss, so that beta is of order one"
    )
    likelihood_weight: float = option(
        0.0,
        help="weight of the likelihood of real particles under Gaussians about the decoded "
        "positions; above 0 particles are drawn from them instead of put at their centres",
    )
    constraint: list[str] = option(
        [],
        help="jet-level terms added to the loss, NAME or NAME=WEIGHT among mass, pt, efp, "
        "multiplicity (of the particles that carry the pT: (sum pT)^2 / sum pT^2)",
    )
    constraint_difference: Literal["squared", "absolute", "relative"] = option(
        "squared", help="how these terms measure a difference"
    )
    emd_backend: Literal["auto", "exact", "sinkhorn", "geomloss"] = option(
        "auto", help="solver of the emd loss; auto is exact on the CPU, sinkhorn elsewhere"
    )
    beta: float = option(1.0, help="weight of the Kullback-Leibler term")
    beta_warmup: int = option(10, help="epochs over which beta rises from 0")
    free_bits: float = option(
        0.0, help="nats that every latent column may carry without a Kullback-Leibler cost"
    )
    latent_weight: float = option(
        10.0, help="weight of the term that draws codes to the prior (wae, swae, aae)"
    )
    mmd_kernel: Literal["inverse-multiquadric", "rbf"] = option(
        "inverse-multiquadric", help="kernel of the wae's distance"
    )
    projections: int = option(50, help="random directions of a sliced Wasserstein distance")

    gan_loss: Literal["bce", "lsgan", "hinge", "wgan-gp"] = option(
        "bce", help="what generator and discriminator minimise"
    )
    label_noise: float = option(
        0.3, help="Gaussian noise on real and fake labels (gan losses bce and lsgan)"
    )
    label_smoothing: float = option(0.0, help="taken off the real labels alone (bce, lsgan)")
    input_noise: float = option(
        0.001, help="Gaussian noise on the transformed features that the gan's discriminator sees"
    )
    gradient_penalty: float = option(10.0, help="weight of the gradient penalty of wgan-gp")
    critic_steps: int = option(1, help="steps of the gan's discriminator for one of its generator")
    discriminator_rate: float = option(
        1.0, help="factor on the learning rate for the discriminator (aae, gan)"
    )
    amsgrad: bool = option(False, help="AMSGrad variant of Adam (gan)")
    average: float = option(
        0.999,
        help="decay of the averaged weights that generate (gan, flow-matching); 0 for none",
    )
    solver: Literal["midpoint", "heun", "rk4"] = option(
        "midpoint", help="how flow matching integrates its velocities (objective and prior)"
    )
    solver_steps: int = option(
        50, help="fixed steps of the solver, of two network evaluations each, or four for rk4"
    )

    prior: Literal["gaussian", "mixture", "discrete", "flow", "flow-matching"] = option(
        "gaussian",
        help="distribution of latent codes: fixed, so that the objective draws the codes to it "
        "(gaussian, mixture, discrete), or learned from the codes (flow, flow-matching)",
    )
    components: int = option(10, help="components of the mixture, categories of the discrete prior")
    prior_training: Literal["after", "joint"] = option(
        "after", help="fit a learned prior after the autoencoder or together with it"
    )
    prior_epochs: int = option(200, help="epochs of a learned prior, when it is fitted after")
    flow_transforms: int = option(6, help="coupling transforms of the flow prior")
    flow_hidden: int = option(128, help="width of a learned prior's networks")
    multiplicity: Literal["data", "latent"] = option(
        "data",
        help="draw particle numbers from the data's distribution, or from a model of them "
        "given the latent code",
    )

    epochs: int = option(500, help="epochs at most")
    batch: int = option(256, help="jets a step")
    learning_rate: float = option(0.001, help="learning rate of Adam")
    schedule: Literal["constant", "cosine"] = option("constant", help="learning rate over epochs")
    clip: float = option(1.0, help="largest norm of the gradient; 0 for no limit")
    patience: int = option(80, help="epochs without a better validation loss before stopping")
    monitor: tuple[str, ...] = option(
        (),
        help="figures of generated against validation jets to follow, comma-separated, among w1m, "
        "w1p, fpd and fom (AUC of boosted trees, the one for sets of features); the first one "
        "chooses the best epoch",
    )
    monitor_every: int = option(5, help="epochs from one look at these figures to the next")
    time_limit: float | None = option(
        None, help="minutes after which training ends in good order with what it has reached"
    )

    def __post_init__(self) -> None:
        for name in ("particles", "hidden", "layers", "neighbours", "latent", "epochs", "batch"):
            require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        for name in (
            "threads",
            "beta",
            "beta_warmup",
            "free_bits",
            "label_noise",
            "label_smoothing",
            "input_noise",
            "gradient_penalty",
            "average",
            "clip",
            "likelihood_weight",
        ):
            require(getattr(self, name) >= 0, name, "zero or more", getattr(self, name))
        for name in (
            "learning_rate",
            "loss_scale",
            "patience",
            "prior_epochs",
            "latent_weight",
            "discriminator_rate",
        ):
            require(getattr(self, name) > 0, name, "a positive number", getattr(self, name))
        require(self.components >= 2, "components", "at least 2", self.components)
        for name in (
            "flow_transforms",
            "flow_hidden",
            "projections",
            "critic_steps",
            "solver_steps",
        ):
            require(getattr(self, name) >= 1, name, "at least 1", getattr(self, name))
        for name in ("jets", "time_limit"):
            value = getattr(self, name)
            require(value is None or value > 0, name, "a positive number", value)
        require(
            self.loss not in SLOT_LOSSES or self.decoder in ORDERED_DECODERS,
            "loss",
            "chamfer or emd with a decoder that has no particle order (others go slot by slot)",
            self.loss,
        )
        require(
            self.loss != "bce" or self.likelihood_weight == 0,
            "likelihood_weight",
            "0 with the loss bce, whose decoded values end at 0 and 1",
            self.likelihood_weight,
        )
        require(
            self.prior_training == "after" or self.prior in LEARNED_PRIORS,
            "prior_training",
            f"after with the prior {self.prior}, which has nothing to learn",
            self.prior_training,
        )
        require(
            not (self.objective == "ae" and self.prior in ("mixture", "discrete")),
            "prior",
            "gaussian, flow or flow-matching with the objective ae, which draws its codes to no "
            "distribution",
            self.prior,
        )
        require(
            not (self.objective == "vae" and self.prior == "discrete"),
            "prior",
            "a prior with a density with the objective vae (gaussian, mixture, flow, "
            "flow-matching); discrete goes with wae, swae and aae",
            self.prior,
        )
        require(
            self.prior != "discrete" or self.components <= self.latent,
            "components",
            f"at most the latent dimension, {self.latent}, with the discrete prior",
            self.components,
        )
        joint_flow = self.prior == "flow" and self.prior_training == "joint"
        require(
            not (self.free_bits and (joint_flow or self.prior == "mixture")),
            "free_bits",
            "0 with a mixture or a joint flow as prior, whose divergence has no term for each "
            "column",
            self.free_bits,
        )
        require(
            not (self.objective in ("wae", "swae") and self.multiplicity == "latent"),
            "multiplicity",
            f"data with the objective {self.objective}, which compares the codes of jets of "
            "similar multiplicity with the prior",
            self.multiplicity,
        )
        require(
            not (self.multiplicity == "latent" and MULTIPLICITY in self.conditions()),
            "condition",
            "no n with multiplicity='latent', which leaves the number of particles to the model",
            MULTIPLICITY,
        )
        require(self.average < 1, "average", "less than 1", self.average)
        require(
            self.objective not in ("gan", "flow-matching")
            or (self.prior == "gaussian" and self.multiplicity == "data"),
            "objective",
            f"an autoencoder with prior={self.prior!r} and multiplicity={self.multiplicity!r}",
            self.objective,
        )
        require(
            self.objective != "flow-matching" or self.decoder not in ORDERED_DECODERS,
            "decoder",
            "a network over sets with the objective flow-matching",
            self.decoder,
        )
        require(
            not (
                self.objective == "gan"
                and self.gan_loss == "wgan-gp"
                and self.encoder == "edgeconv"
                and self.edgeconv_backend == "dense"
            ),
            "gan_loss",
            "another loss, encoder='deepsets' or edgeconv_backend='pyg' (the dense edgeconv has no "
            "second derivative, which the gradient penalty needs)",
            self.gan_loss,
        )
        for name in ("monitor", "columns"):
            object.__setattr__(self, name, tuple(getattr(self, name)))  # a list, from YAML
        for name in self.monitor:
            require(name in MONITORED, "monitor", f"names among {', '.join(MONITORED)}", name)
        require(
            1 <= self.monitor_every <= (self.patience if self.monitor else self.monitor_every),
            "monitor_every",
            f"from 1 to the patience of {self.patience} epochs",
            self.monitor_every,
        )
        self.constraint_weights()
        self.conditions()
        self._check_features()
        require(len(self.data) > 0, "data", "at least one file", self.data)

    def _check_features(self) -> None:
        """Named columns are features as they are; these are no jets and have no kinematics."""
        if (self.columns or self.target) and self.representation == "relative":
            object.__setattr__(self, "representation", "features")
        jets = self.representation != "features"
        require(
            not (jets and (self.columns or self.target)),
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
        require(
            not jets or self.azimuth is None,
            "azimuth",
            "none with jets, whose particles are turned with them; representation='features'",
            self.azimuth,
        )
        require(
            jets or not self.constraint,
            "constraint",
            "none with representation='features', whose sets have no jet kinematics",
            self.constraint,
        )
        others = [name for name in self.monitor if name not in MONITORED_SETS]
        require(
            jets or not others,
            "monitor",
            f"{', '.join(MONITORED_SETS)} alone with representation='features', whose sets have no "
            "jet kinematics",
            others,
        )

    def conditions(self) -> list[str]:
        """The names of the conditions asked for, each once."""
        names = [name.strip() for text in self.condition for name in text.split(",")]
        require(all(names), "condition", "NAME or NAME,NAME", self.condition)
        if self.region is not None:
            names.append(REGION)
        return list(dict.fromkeys(names))

    def columns_beside(self) -> list[str]:
        """The columns of sets of named features that are conditions: those, and the target."""
        if self.representation != "features":
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
            require(
                name in CONSTRAINTS and weights[name] > 0,
                "constraint",
                f"NAME or NAME=WEIGHT with a name among {', '.join(CONSTRAINTS)} and a positive "
                "weight",
                text,
            )
        return weights
