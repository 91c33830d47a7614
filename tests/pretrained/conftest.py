"""A small model of two classes, packed as those that come with jetgen."""

import argparse
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import torch

from jetgen import pretrained
from jetgen.cloud import Feature
from jetgen.config.train import TrainConfig
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.training.command import train

SHIP = Path(__file__).parents[2] / "benchmarks" / "ship.py"
SMALL = {
    "condition": ["type", "pt"],
    "encoder": "deepsets",
    "decoder": "deepsets",
    "hidden": 8,
    "layers": 1,
    "latent": 3,
    "flow_transforms": 1,
    "flow_hidden": 8,
    "epochs": 1,
    "prior_epochs": 1,
    "batch": 50,
    "device": "cpu",
    "seed": 3,
}


@pytest.fixture(scope="session")
def ship() -> ModuleType:
    """The script of the maintainers as a module."""
    spec = importlib.util.spec_from_file_location("ship", SHIP)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def files(tmp_path_factory, make_gaussian_jets):
    """A file of gluon and top jets for training, and one for tests."""
    folder = tmp_path_factory.mktemp("data")
    for seed, name in enumerate(("training", "test")):
        jets = make_gaussian_jets(400, seed=seed)
        types = torch.tensor([0.0, 2.0]).repeat(200)
        config = {"sample": "gluon", "jets": 400, "seed": 7, "radius": 0.4, "pythia": []}
        attributes = {"command": "simulate", "config": config, "seed": 7}
        with JetgenWriter(folder / f"{name}.h5", attributes=attributes, slots=12) as writer:
            writer.append(jets.with_conditions({Feature("type"): types}))
    return folder


@pytest.fixture(scope="session")
def run(files, tmp_path_factory):
    path = tmp_path_factory.mktemp("runs") / "vae"
    return train(TrainConfig(data=[str(files / "training.h5")], run=str(path), **SMALL))


@pytest.fixture(scope="session")
def packed(run, files, ship, tmp_path_factory):
    """The folder of a packed model with a card that has no metrics."""
    folder = tmp_path_factory.mktemp("pretrained")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pretrained, "FOLDER", folder)
        patch.setattr(ship, "SECONDS", 0.0)
        ship.describe(options(run, files))
    return folder


@pytest.fixture
def shipped(packed, monkeypatch):
    """The same, as the models that come with jetgen."""
    monkeypatch.setattr(pretrained, "FOLDER", packed)
    return packed / "jets12"


def options(run, files, **given):
    chosen = {
        "run": run,
        "name": "jets12",
        "test": [str(files / "test.h5")],
        "training": [str(files / "training.h5")],
        "jets": 200,
        "classifier": [],
        "limit": ["A limit of its own."],
        "seed": 1,
    }
    return argparse.Namespace(**{**chosen, **given})


@pytest.fixture
def ship_options(run, files):
    return lambda **given: options(run, files, **given)
