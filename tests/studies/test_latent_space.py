"""Verdicts on latent spaces follow from what their codes contain."""

import math

import pytest
import torch

from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.physics.fourvectors import JET_KINEMATICS, to_relative
from jetgen.studies import latent_figures, latent_runs
from jetgen.studies import latent_space as study
from jetgen.studies.latent_runs import BETA, HEAVY, MODELS, QUANTITIES, REGION, TYPE, VAE, Coded
from jetgen.training.command import train


def made_up(model: str, share: int, seed: int) -> Coded:
    """Numbers of a made-up run: β leaves one dimension of three, less data a lower AUC."""
    noise = 0.01 * seed
    numbers = dict.fromkeys(QUANTITIES, 0.5 + noise)
    numbers["active"] = 1.0 if model == BETA else 3.0
    numbers["divergence"] = math.inf if model == "ae" else 5 + noise
    numbers["gap"] = 0.1 + noise * (-1) ** (model == BETA)
    numbers[REGION] = {1: 0.6, 10: 0.75, 100: 0.8}[share] + noise
    numbers["type == top"] = (0.6 if model == TYPE else 0.9) + noise
    return Coded(None, torch.full((2, len(study.KNOWN)), 0.1 * seed), {}, numbers)


RUNS = {
    (model, share, seed): made_up(model, share, seed)
    for model in MODELS
    for share in ((1, 10, 100) if model == VAE else (100,))
    for seed in (1, 2, 3, 4, 5)
}


def test_verdicts_follow_from_the_numbers_of_the_seeds():
    claims = {claim.statement: claim for claim in study._claims(RUNS)}
    verdicts = [claim.verdict for claim in claims.values()]
    assert verdicts == [
        "confirmed",  # active dimensions
        "undecided",  # accuracy, the same for both
        "not confirmed",  # the gap of the β-VAE is smaller, seed by seed
        "undecided",
        "confirmed",  # the type
        "undecided",  # the mass
        "confirmed",
        "confirmed",
    ]
    fewer = claims["A larger β leaves fewer latent dimensions active"]
    assert "mean over seeds: 2" in fewer.evidence and fewer.basis == "5 trainings, p < 1e-4"
    assert "VAE of 10 % of the data minus VAE of 1 % of the data" in (
        claims["1 % of the data give codes with less information (asked here)"].evidence
    )


def test_tables_have_a_row_per_model_and_no_divergence_of_an_autoencoder():
    table = study._models(RUNS)
    assert [row[0] for row in table.rows] == list(MODELS.values())
    assert table.rows[0][2] == "–" and table.rows[1][2] == "5.0300 ± 0.0071"
    assert [row[0] for row in study._shares(RUNS).rows] == ["1", "10", "100"]
    assert study._known(RUNS).rows[0][1:] == ["0.300 ± 0.071"] * len(study.KNOWN)


@pytest.fixture(scope="module")
def folder(tmp_path_factory, toy_jets):
    """Jets of two classes, of which the second is wider and so heavier, and a C-VAE of them."""
    path = tmp_path_factory.mktemp("study")
    for name, kind, width in (("gluon", 0.0, 0.05), ("top", 2.0, 0.12)):
        jets = toy_jets(250, seed=int(kind) + 1, width=width)
        known = {f: to_relative(jets).condition(f.name) for f in JET_KINEMATICS}
        with JetgenWriter(path / f"{name}-test.h5", attributes={}, slots=30) as writer:
            types = torch.full((len(jets),), kind)
            writer.append(jets.with_conditions({**known, Feature("type"): types}))
    config = TrainConfig(
        data=[str(path / f"{name}-test.h5") for name in ("gluon", "top")],
        run=str(path / "c-vae-mass-100-1"), particles=30, objective="vae", encoder="deepsets",
        decoder="dense", hidden=32, layers=1, latent=2, batch=64, beta=0.01, epochs=40,
        learning_rate=0.01, constraint=["mass=10"], constraint_difference="relative",
        condition=["mass"], device="cpu", loss="mse", schedule="constant", prior="gaussian",
    )  # fmt: skip
    train(config)
    return path


def test_jets_follow_the_requested_mass(folder, monkeypatch):
    for name, text in (("REGION", "mass > 90 and girth > 0.05"), ("HEAVY", "mass > 90")):
        monkeypatch.setattr(latent_runs, name, text)
    run = folder / "c-vae-mass-100-1"
    assert latent_runs.named(run.name) == ("c-vae-mass", 100, 1)
    sample = latent_runs.sample_of([folder / f"{name}-test.h5" for name in ("gluon", "top")], run)
    assert isinstance(sample.jets, ParticleCloud) and len(sample.jets) == 500
    found = latent_runs.coded(run, sample)
    assert found.information.shape == (2, len(study.KNOWN))
    assert 0 <= found.numbers["active"] <= 2 and found.numbers["error"] < 1
    assert 0.1 < latent_figures.following(found) < 1.5
    figure = latent_figures._requested_mass_figure({("c-vae-mass", 100, 1): found})
    assert figure.name == "requested_mass" and len(figure.figure.axes) == 1
    assert HEAVY in QUANTITIES
