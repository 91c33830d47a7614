"""Collisions from Pythia 8."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import isnan
from typing import Any

import awkward as ak  # before pythia8mc, whose batches of events need it
import numpy as np
from numpy.typing import NDArray

from jetgen.components import PRESETS
from jetgen.config.simulate import SimulateConfig
from jetgen.datasets.simulation.collisions import Batch, Events
from jetgen.datasets.simulation.presets import HARD_OUTGOING, Preset
from jetgen.errors import InputError
from jetgen.extras import require_package
from jetgen.files.silence import silent

pythia8mc = require_package("pythia8mc")

NU_E, NU_MU, NU_TAU = 12, 14, 16


def settings(config: SimulateConfig) -> list[str]:
    """The lines passed to Pythia without the seed; later lines override earlier ones."""
    scales, preset = config.scales, PRESETS[config.sample]
    beams = [f"Beams:eCM = {scales.energy!r}"]
    if preset.fixed_target:
        beams = ["Beams:frameType = 2", f"Beams:eA = {scales.energy!r}", "Beams:eB = 0"]
    window = {"Min": scales.parton_pt_min, "Max": scales.parton_pt_max}
    return [
        "Print:quiet = on",
        "Beams:idA = 2212",
        "Beams:idB = 2212",
        *beams,
        *(f"PhaseSpace:pTHat{end} = {pt!r}" for end, pt in window.items() if not isnan(pt)),
        f"PartonLevel:MPI = {'on' if config.mpi else 'off'}",
        *preset.settings,
        *config.pythia,
    ]


def configured(lines: Iterable[str]) -> Any:
    """A Pythia instance with these settings.

    Raises:
        InputError: for a line that Pythia rejects."""
    with silent():
        pythia = pythia8mc.Pythia("", False)
        for line in lines:
            if not pythia.readString(line, False):
                raise InputError(
                    "pythia: expected a valid Pythia setting with a value in its range, "
                    f"received {line!r}; see the Pythia 8 manual for its settings"
                )
    return pythia


def started(config: SimulateConfig, seed: int, process: Sequence[str] = ()) -> Any:
    """An initialised Pythia instance.

    Args:
        config: options that define its settings.
        seed: seed of Pythia.
        process: further lines, for one of the processes of a sample.

    Raises:
        InputError: for a line that Pythia rejects, or settings that fail to initialise.
    """
    seeding = ("Random:setSeed = on", f"Random:seed = {seed}")
    pythia = configured([*process, *settings(config), *seeding])
    if not pythia.init():
        raise InputError(
            "expected settings that Pythia can start with, received "
            f"{'; '.join(settings(config))}; change the `pythia` settings or the parton pT window"
        )
    return pythia


def batches(pythia: Any, config: SimulateConfig, size: int) -> Iterator[Batch]:
    """Infinite sequence of batches of ``size`` events (fewer, or none, if Pythia failed on some).

    Raises:
        InputError: when the settings give events that cannot be read.
    """
    preset = PRESETS[config.sample]
    for particles in records(pythia, size):
        if len(particles):
            yield _batch(particles, preset)
        else:
            nothing = Events(np.empty((4, 0)), np.empty(0, np.int32), np.zeros(1, np.int64))
            yield Batch(nothing, nothing, nothing)


def records(pythia: Any, size: int) -> Iterator[ak.Array]:
    """The whole event records of batches of ``size`` events, without end.

    Raises:
        InputError: when the settings give events that cannot be read.
    """
    while True:
        try:
            yield pythia.nextBatch(size)["prt"]
        except TypeError as error:
            raise InputError(
                "expected hadronised and decayed events from Pythia, received events without "
                "hadrons; leave HadronLevel and its stages on"
            ) from error


def _batch(particles: ak.Array, preset: Preset) -> Batch:
    momentum = particles["p"]
    columns = [_flat(momentum[name]) for name in ("px", "py", "pz", "e")]
    codes, status = _flat(particles["id"]), _flat(particles["status"])
    offsets = np.concatenate([[0], np.cumsum(ak.num(particles).to_numpy())])
    kind = np.abs(codes)

    def events(keep: NDArray[np.bool_]) -> Events:
        index = np.flatnonzero(keep)
        bounds = np.searchsorted(index, offsets)
        return Events(np.stack([column[index] for column in columns]), codes[index], bounds)

    moves = (columns[0] != 0) | (columns[1] != 0)  # the azimuth is undefined along the beam
    visible = (status > 0) & moves & (kind != NU_E) & (kind != NU_MU) & (kind != NU_TAU)
    outgoing = (status == preset.status) & np.isin(kind, preset.partons)
    return Batch(events(visible), events(outgoing), events((status == HARD_OUTGOING) & (kind <= 5)))


def _flat(column: ak.Array) -> NDArray[Any]:
    return ak.flatten(column).to_numpy()
