"""The properties of the training data that a model needs for its construction."""

from __future__ import annotations

from typing import Any, NamedTuple

from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.train import MULTIPLICITY, TrainConfig
from jetgen.errors import InputError, did_you_mean, some
from jetgen.objectives.levels import Levels, find_levels


class Layout(NamedTuple):
    """Sizes and names that determine the shape of a model; stored in its checkpoints.

    Args:
        jets: number of training jets whose jet-level quantities the model keeps.
        features: features of the particles.
        conditions: jet-level quantities that the model is conditioned on in addition to the
            multiplicity.
        classes: type indices of the training jets in rising order, if it is conditioned on them.
        levels: the discrete columns of sets with named features.
    """

    jets: int
    features: tuple[Feature, ...]
    conditions: tuple[Feature, ...] = ()
    classes: tuple[int, ...] = ()
    levels: tuple[Levels, ...] = ()

    @classmethod
    def of(cls, training: ParticleCloud, config: TrainConfig) -> Layout:
        """The layout of training jets in the representation of ``config``.

        Raises:
            InputError: when the jets lack a requested condition, or a class is unknown.
        """
        placed = ["pt", "eta"] if config.representation == "relative" else []
        names = [name for name in config.conditions() if name != MULTIPLICITY]
        known = {feature.name: feature for feature in training.condition_features}
        unknown = [name for name in names if name not in known]
        if unknown:
            raise InputError(
                f"condition: expected names among {some([MULTIPLICITY, *known])}, received "
                f"{', '.join(unknown)}{did_you_mean(unknown[0], known)}"
            )
        classes: tuple[int, ...] = ()
        if "type" in names:
            kinds = training.condition("type")
            if bool((kinds != kinds.round()).any()):
                raise InputError(
                    "condition['type']: expected whole numbers, one per class, received others; "
                    "rename the column to condition on it as a number"
                )
            missing = config.kind.unknown_classes(kinds)
            if missing:
                raise InputError(
                    f"condition['type']: expected jets of known class, received {missing} of "
                    f"{len(training)} whose files do not contain it; omit type, or name JetNet "
                    "files as they are published (g.hdf5, t150.hdf5, ...)"
                )
            classes = tuple(int(kind) for kind in kinds.unique())
        chosen = tuple(known[name] for name in dict.fromkeys([*placed, *names]))
        levels: tuple[Levels, ...] = ()
        if config.kind.features_by_name:
            transformed = [text.rpartition("=")[0] for text in config.transform]
            levels = find_levels(training, config.discrete, [*transformed, config.azimuth or ""])
        return cls(len(training), training.features, chosen, classes, levels)

    def description(self) -> dict[str, Any]:
        """The layout as plain values for JSON."""
        return {
            "jets": self.jets,
            "features": [list(feature) for feature in self.features],
            "conditions": [list(feature) for feature in self.conditions],
            "classes": list(self.classes),
            "levels": [levels.description() for levels in self.levels],
        }

    @classmethod
    def from_description(cls, values: dict[str, Any]) -> Layout:
        """The inverse of :meth:`description`."""
        return cls(
            values["jets"],
            tuple(Feature(*pair) for pair in values["features"]),
            tuple(Feature(*pair) for pair in values["conditions"]),
            tuple(values["classes"]),
            tuple(map(Levels.from_description, values.get("levels", []))),
        )
