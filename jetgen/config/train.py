"""Options of ``jetgen train``."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from jetgen.config.option import named_components, refuse, require, validate
from jetgen.config.sections.adversarial import AdversarialOptions
from jetgen.config.sections.data import DataOptions
from jetgen.config.sections.flow_matching import FlowMatchingOptions
from jetgen.config.sections.loss import LossOptions
from jetgen.config.sections.model import ModelOptions
from jetgen.config.sections.prior import PriorOptions
from jetgen.config.sections.run import RunOptions
from jetgen.config.sections.training import TrainingOptions
from jetgen.errors import InputError
from jetgen.kinds import Kind, kind_of

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


@dataclass(frozen=True)
class TrainConfig(
    TrainingOptions,
    PriorOptions,
    FlowMatchingOptions,
    AdversarialOptions,
    LossOptions,
    ModelOptions,
    DataOptions,
    RunOptions,
):
    """Everything that decides what is trained, on what, and how.

    The options are in :mod:`jetgen.config.sections`, a file for each section of the help, which
    lists them in the order of the bases from the last to the first.
    """

    def __post_init__(self) -> None:
        _require_names(self.data)
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


def _require_names(data: Any) -> None:
    """Refuse jets from memory in place of the names of their files.

    Raises:
        InputError: with the function that takes them.
    """
    for each in data if isinstance(data, list | tuple) else [data]:
        if not isinstance(each, str | os.PathLike):
            raise InputError(
                f"data: expected names of files, received the type {type(each).__name__}; pass "
                "jets from memory to the function: jetgen.train(config, data=jets)"
            )
