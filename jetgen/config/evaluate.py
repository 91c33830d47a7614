"""Options of ``jetgen evaluate``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args

from jetgen.components import METRICS
from jetgen.config.option import option, require, seed_option, validate
from jetgen.config.reading import (
    allow_option,
    drop_missing_option,
    first_option,
    map_option,
    select_option,
)
from jetgen.config.resuming import dask_option

Classifier = Literal["trees", "particlenet", "transformer"]
"""Classifiers that can be trained to separate generated jets from real ones."""

PUBLISHED = "jetnet"
"""The value that selects the published reference network instead of a file."""


@dataclass(frozen=True)
class EvaluateConfig:
    """How far generated jets are from real ones, by the metrics of the field."""

    generated: str = option(help="file with generated jets", positional=True)
    real: str = option(help="file with real jets")
    map: dict[str, str] = map_option()
    allow: tuple[str, ...] = allow_option()
    select: str | None = select_option()
    drop_missing: bool = drop_missing_option()
    output: str | None = option(
        None,
        ending=".json",
        help="JSON file to write (default: GENERATED with .metrics.json for its ending)",
    )
    first: bool = first_option()
    jets: int = option(100_000, at_least=1, help="at most this many jets of each kind")
    jetnet: bool = option(
        False,
        help="follow the JetNet library: draws with replacement at its sizes, no floor",
    )
    classifier: list[str] = option(
        ["trees"],
        help="classifiers of generated against real jets, comma-separated: trees (boosted, "
        "on jet features), particlenet and transformer (on the particles)",
    )
    features: Literal["observables", "flat"] = option(
        "observables",
        help="input of the trees: jet observables, or the momenta of the leading particles",
    )
    train_reference: bool = option(
        False, help="train a ParticleNet on half of the real jets, for FPND, and store it"
    )
    reference: str | None = option(
        None,
        help="network for FPND: a file of train_reference=True (or where to store it; default: "
        "REAL with .reference.safetensors for its ending), or jetnet for the published one of the "
        "installed jetnet package",
    )
    metric: tuple[str, ...] = option(
        (),
        choices=METRICS,
        help="further metrics beside the built-in ones and those of installed packages, as "
        "package.module:Name, comma-separated",
    )
    training: str | None = option(
        None,
        help="file with the jets that the generator was trained on, none of them in REAL, to find "
        "out whether it repeats them",
    )
    reference_name: str = option(
        "simulated", help="what the jets to compare with are called in tables and figures"
    )
    dask: str | None = dask_option("measure substructure")
    seed: int = seed_option(42, help="seed of draws, bootstrap, floor and classifiers")

    def __post_init__(self) -> None:
        validate(self)
        known = get_args(Classifier)
        for name in self.classifier:
            require(name in known, "classifier", f"one of {', '.join(known)}", name)
        require(
            "trees" in self.classifier or self.features == "observables",
            "features",
            "trees among `classifier`, the only ones that use features",
            self.features,
        )
        plain = self.classifier == ["trees"] and self.features == "observables"
        require(
            not self.jetnet or plain,
            "jetnet",
            "no `classifier` and no `features`, which are no part of that protocol",
            self.jetnet,
        )
        require(
            not (self.reference == PUBLISHED and self.train_reference),
            "reference",
            "a file to store the trained network in",
            self.reference,
        )
        require(
            not self.jetnet or (self.reference in (None, PUBLISHED) and not self.train_reference),
            "jetnet",
            "no other reference network than reference='jetnet' with that protocol",
            self.jetnet,
        )
        require(
            not (self.jetnet and self.training),
            "training",
            "none with `jetnet`, whose protocol has no test of memorisation",
            self.training,
        )

    @property
    def classifiers(self) -> list[Classifier]:
        """The classifiers' names, each once."""
        return cast(list[Classifier], list(dict.fromkeys(self.classifier)))
