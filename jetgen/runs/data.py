"""The data that a run is trained on, as its options name them."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Sequence
from typing import Any

import torch

from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.train import IN_MEMORY, REGION, TrainConfig
from jetgen.conversion import with_momenta
from jetgen.datasets import read
from jetgen.datasets.faults import copies, doubtful_unit, warn_of_doubts
from jetgen.datasets.reading import drawn, select_columns
from jetgen.errors import InputError, InputWarning
from jetgen.objectives.preparation import represent
from jetgen.physics.classes import class_index
from jetgen.physics.region import Region
from jetgen.runs.folder import RunFolder


def load_jets(
    config: TrainConfig, extra_columns: Sequence[str] = (), data: ParticleCloud | None = None
) -> ParticleCloud:
    """The jets that ``config`` names, in its representation.

    Args:
        config: the options of the run.
        extra_columns: further columns of a table that are kept as conditions.
        data: the jets themselves, for a run that was trained on jets passed from Python.

    Raises:
        InputError: when files cannot be read, or jets passed from Python are not passed again.
    """
    conditions = [*config.auxiliary_columns(), *extra_columns]
    if data is not None:
        jets = _chosen(data, config, conditions)
    elif config.data == [IN_MEMORY]:
        raise InputError(
            f"data: expected the sets that the run {config.run} was trained on, which were passed "
            "from Python and are in no file; pass them again, jetgen.load(run, data=cloud)"
        )
    else:
        jets = read(
            config.data,
            jet_type=config.jet_type,
            jets=config.jets,
            seed=config.seed,
            first=config.first,
            columns=config.columns,
            conditions=conditions,
            map=config.map,
            allow=config.allow,
        )
    _warn_of_copies(jets)
    jets = represent(jets, config)
    _require_conditions(jets, config)
    if config.region is None:
        return jets
    inside = Region(config.region).select(config.kind.region_values(jets))
    return jets.with_conditions({Feature(REGION): inside})


class JetStore:
    """The jets that several runs name, each set of them read once."""

    def __init__(self) -> None:
        self._jets: dict[tuple[Any, ...], tuple[ParticleCloud | None, ParticleCloud]] = {}

    def jets(self, config: TrainConfig, data: ParticleCloud | None = None) -> ParticleCloud:
        """:func:`load_jets`, or what it returned for the same data read in the same way."""
        key = (
            tuple(config.data),
            id(data),  # of an object that is kept here, so that no other one gets its number
            config.jet_type,
            config.jets and (config.jets, config.seed, config.first),
            tuple(config.map.items()),
            config.columns,
            tuple(config.auxiliary_columns()),
            config.particles,
            config.representation,
            config.region,
        )
        if key not in self._jets:
            self._jets[key] = (data, load_jets(config, data=data))
        return self._jets[key][1]


def _require_conditions(jets: ParticleCloud, config: TrainConfig) -> None:
    """Raise :class:`InputError` for a condition of the model that is NaN or infinite."""
    for name in filter(jets.has_condition, config.conditions()):
        bad = ~jets.condition(name).isfinite()
        if bool(bad.any()):
            raise InputError(
                f"condition: expected finite numbers, received NaN or infinity in {name} of "
                f"{int(bad.sum())} sets, first in set {int(bad.nonzero()[0])}; choose another "
                "condition"
            )


def _warn_of_copies(jets: ParticleCloud) -> None:
    """A warning where jets come twice, since a split may separate them."""
    again = int(copies(jets).sum()) if jets.mask.shape[1] > 1 else 0
    if again:
        warnings.warn(
            f"{again} of {len(jets)} sets are copies of others; training, validation and test "
            "sets may share them",
            InputWarning,
            stacklevel=2,
        )


def _chosen(data: ParticleCloud, config: TrainConfig, conditions: Sequence[str]) -> ParticleCloud:
    """Of a cloud what :func:`jetgen.datasets.read` would choose of a file, in float32."""
    cloud = data.to("cpu").to(torch.float32)
    for name, values in (("particles", cloud.particles), ("conditions", cloud.conditions)):
        if not bool(values.isfinite().all()):
            raise InputError(f"data: expected finite numbers, received NaN or infinity in {name}")
    if config.kind.momenta:
        cloud = with_momenta(cloud)
        unit = doubtful_unit(cloud, "if so, divide the momenta by 1000")
        warn_of_doubts("data", [unit] if unit else [])
    if config.jet_type is not None:
        cloud = cloud[cloud.condition("type") == class_index(config.jet_type)]
        if not len(cloud):
            raise InputError(f"data: expected jets of type {config.jet_type}, received none")
    cloud = cloud[drawn(len(cloud), config.jets, None if config.first else config.seed)]
    cloud = select_columns(cloud, config.columns, conditions)
    return cloud.with_conditions({Feature("num_particles"): cloud.multiplicity})


def content_hash(cloud: ParticleCloud) -> str:
    """SHA-256 of the particles, names, conditions and weights of a cloud; padding is no content."""
    digest = hashlib.sha256(repr((cloud.features, cloud.condition_features)).encode())
    parts = (cloud.particles[cloud.mask], cloud.multiplicity, cloud.conditions, cloud.weights)
    for part in parts:
        digest.update(part.detach().cpu().double().numpy().tobytes())
    return digest.hexdigest()


def require_same_data(config: TrainConfig, folder: RunFolder, data: ParticleCloud | None) -> None:
    """Raise :class:`InputError` unless files or sets are those that the run was trained on.

    Args:
        config: the options of the run, which name its files.
        folder: the run.
        data: the sets that are passed from Python in place of files.
    """
    if data is None:
        if config.data != [IN_MEMORY]:  # else load_jets asks for the sets
            folder.require_same_files(config.data)
        return
    known = folder.read_environment()["data"]
    found = content_hash(data)
    if known != {IN_MEMORY: found}:
        wanted = known.get(IN_MEMORY)
        raise InputError(
            f"data: expected the sets that {folder.path} was trained on "
            f"({f'SHA-256 {wanted[:12]}' if wanted else ', '.join(known)}), "
            f"received others (SHA-256 {found[:12]})"
        )
