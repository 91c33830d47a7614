"""Muons per second, and how the time divides into network, conversion and writing."""

from __future__ import annotations

import json
import math
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import torch

from jetgen.cloud import ParticleCloud
from jetgen.datasets.detection import open_source
from jetgen.reports.findings import Table
from jetgen.runs.trained_model import BLOCK, TrainedModel, load
from jetgen.studies.definition import Study
from jetgen.studies.muon_samples import AIMED, MODELS, runs_of
from jetgen.weights import effective_size

SIMULATION = "Pythia, of weight one"
"""The source whose speed others are compared with."""

_BLOCKS = 20
_FORMATS = {"h5": "HDF5", "root": "ROOT"}


class Parts(NamedTuple):
    """CPU seconds per muon."""

    network: float
    conversion: float
    writing: float


def throughput(study: Study, test: ParticleCloud) -> dict[str, float]:
    """Muons per second including writing; for Pythia also the effective number of weight one.

    Without Pythia if the muons are the user's.
    """
    import uproot

    names = ("muons", "gan", "vae")
    said = {name: open_source(study.file(name)).attributes for name in names}
    with uproot.open(study.folder / "gan.root") as file:
        root = json.loads(str(file["attributes"]))
    simulated = {}
    if "muons" not in study.given:
        rate = float(said["muons"]["jets_per_second"])
        equal = effective_size(test.weights) / len(test)
        simulated = {"Pythia, weighted": rate, SIMULATION: rate * equal}
    return {
        **simulated,
        "GAN, HDF5": float(said["gan"]["jets_per_second"]),
        "GAN, ROOT": float(root["jets_per_second"]),
        "VAE, HDF5": float(said["vae"]["jets_per_second"]),
    }


def parts(folder: Path) -> dict[str, Parts]:
    """The CPU time of displaced muons by model and format."""
    with tempfile.TemporaryDirectory() as place:
        return {
            f"{title}, {name}": parts_of(
                runs_of(folder, model, AIMED)[0], Path(place, f"{model}.{suffix}")
            )
            for model, title in MODELS.items()
            for suffix, name in _FORMATS.items()
        }


@torch.no_grad()
def parts_of(run: Path, path: Path) -> Parts:
    """The CPU time of generating muons with a run and writing them to a file.

    Conversion is that from the numbers of the network to sets with units.
    """
    trained = load(run)
    model, generator = trained.model, torch.Generator().manual_seed(1)
    draws = [model.draw(BLOCK, generator) for _ in range(_BLOCKS)]
    model.sample(draws[0], generator)  # what the first call alone costs
    start = time.process_time()
    made = [model.sample(draw, generator) for draw in draws]
    generated = time.process_time()
    columns = [model.preparation.to_network(muons) for muons in made]
    again = time.process_time()
    for particles, muons, draw in zip(columns, made, draws, strict=True):
        model.to_jets(particles, muons.mask, draw)
    converted = time.process_time()
    _write(trained, made[:1], path)
    begun = time.process_time()
    _write(trained, made, path)
    written = time.process_time()
    number = BLOCK * _BLOCKS
    conversion = (converted - again) / number
    return Parts(
        max(0.0, (generated - start) / number - conversion),
        conversion,
        (written - begun) / number,
    )


def _write(trained: TrainedModel, muons: Sequence[ParticleCloud], path: Path) -> None:
    first = muons[0]
    with trained.config.kind.writer(
        path, first.features, first.condition_features, slots=1, attributes={}, overwrite=True
    ) as append:
        for block in muons:
            append(block)


def speed_table(rates: Mapping[str, float]) -> Table:
    base = rates.get(SIMULATION, math.nan)
    return Table(
        "throughput",
        "Muons per second, including writing",
        ["source", "per second", "ratio to Pythia, of weight one"],
        [
            [source, f"{rate:,.0f}", "–" if math.isnan(base) else f"{rate / base:.3g}"]
            for source, rate in rates.items()
        ],
        "Simulated muons have weights because decays are forced; their effective number, of muons "
        "of weight one, is smaller. Generated muons have weight one.",
    )


def parts_table(found: Mapping[str, Parts]) -> Table:
    return Table(
        "parts",
        f"CPU time per generated muon [µs]: mu-{AIMED}",
        ["model and file", *Parts._fields, "share of writing"],
        [
            [
                source,
                *(f"{1e6 * seconds:.2f}" for seconds in each),
                f"{each.writing / sum(each):.0%}",
            ]
            for source, each in found.items()
        ],
        f"{BLOCK * _BLOCKS:,} muons in memory; conversion is from the numbers of the network to "
        "momenta and positions.",
    )
