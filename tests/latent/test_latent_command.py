"""``jetgen latent`` on a small conditional autoencoder of jets of two classes."""

import csv
from dataclasses import replace

import pytest
import torch

from jetgen.cli.main import main
from jetgen.cloud import Feature
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.errors import InputError
from jetgen.latent.encoding import encode_sets
from jetgen.physics.fourvectors import JET_KINEMATICS, to_relative
from jetgen.runs.trained_model import load
from jetgen.training.command import train


@pytest.fixture(scope="module")
def trained(tmp_path_factory, toy_jets):
    """A run on 400 gluon and as many top jets, and another file with the same jets."""
    folder = tmp_path_factory.mktemp("latent")
    data, own = folder / "jets.h5", folder / "own.h5"
    jets = toy_jets(800, seed=1)
    types = (torch.arange(800) % 2 * 2).float()
    for path in (data, own):
        with JetgenWriter(path, attributes={"command": path.name}, slots=30) as writer:
            kinematics = {f: to_relative(jets).condition(f.name) for f in JET_KINEMATICS}
            writer.append(jets.with_conditions({**kinematics, Feature("type"): types}))
    config = TrainConfig(
        data=[str(own)], run=str(folder / "run"), particles=30, objective="vae", encoder="dense",
        layers=1, latent=3, learning_rate=0.01, device="cpu", condition=["type"],
        **(preset("classic") | {"hidden": 32, "batch": 64, "beta": 0.01, "epochs": 8}),
    )  # fmt: skip
    return train(config).as_posix(), data.as_posix()


def rows(path):
    with path.open(newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.mark.slow
def test_the_page_has_every_part(trained, tmp_path, capsys):
    run, data = trained
    words = ["latent", run, "--data", data, "--jets", "400", "--columns", "2", "--steps", "3"]
    words += ["--colour", "n,type", "--region", "n > 18 or type == top", "--between", "0,5"]
    assert main([*words, "--output", str(tmp_path)]) == 0
    printed = capsys.readouterr().out
    assert "The region n > 18 or type == top contains" in printed
    assert str(tmp_path / "report.html") in printed
    figures = {path.stem for path in (tmp_path / "figures").iterdir()}
    assert figures == {
        "activity", "information", "correlations", "pca", "tsne", "pairs_multiplicity",
        "pairs_type", "traversals", "interpolation", "region",
    }  # fmt: skip
    page = (tmp_path / "report.html").read_text()
    assert page.count("data:image/png;base64") == len(figures)
    assert {row["column"] for row in rows(tmp_path / "information.csv")} == {"z1", "z2", "z3"}
    active = [float(row["variance of the mean"]) for row in rows(tmp_path / "columns.csv")]
    assert active == sorted(active, reverse=True)


def test_codes_decode_to_the_reconstruction(trained):
    run, data = trained
    found = encode_sets(run, [data], jets=40)
    model = load(run)
    decoded = model.decode(found.latent.mean, found.jets)
    assert torch.allclose(decoded.particles, model.reconstruct(found.jets).particles, atol=1e-5)


def test_jets_are_held_out_ones_or_chosen_from_all_files(trained):
    run, data = trained
    assert len(encode_sets(run).jets) == 120
    own = encode_sets(run, [data.replace("jets.h5", "own.h5")]).jets
    assert torch.equal(own.particles, encode_sets(run).jets.particles)
    found = encode_sets(run, [data], jets=100)
    kinds, counts = found.jets.condition("type").unique(return_counts=True)
    assert kinds.tolist() == [0, 2] and counts.min() > 30
    assert found.information().shape == (3, len(found.observed))
    assert torch.equal(found.jets.conditions, encode_sets(run, [data], jets=100).jets.conditions)


def test_information_about_a_column_that_is_an_observable_is_large(trained):
    run, data = trained
    found = encode_sets(run, [data], jets=300)
    mass = found.observed["mass"].values
    codes = found.latent.codes.clone()
    codes[:, 1] = (mass / mass.mean()).float()
    information = found._replace(latent=replace(found.latent, codes=codes)).information()
    assert information[1].argmax() in [
        list(found.observed).index(n) for n in ("mass", "relative_mass")
    ]
    means = found._replace(latent=replace(found.latent, mean=codes)).information()
    assert torch.equal(means, found.information())  # which the decoder does not see


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    """A run on two columns of a table, and the table, which has three more."""
    folder = tmp_path_factory.mktemp("table")
    generator = torch.Generator().manual_seed(1)
    a, b, noise = torch.randn(3, 4000, generator=generator)
    kind = (torch.arange(4000) % 3).float()
    rows = torch.stack([a, a**2 + 0.1 * b, kind, 2 * a, noise], dim=1).tolist()
    data = folder / "table.csv"
    lines = [",".join(map(str, row)) for row in rows]
    data.write_text("\n".join(["a [cm],b,type,twice,noise", *lines]))
    config = TrainConfig(
        data=[str(data)], run=str(folder / "run"), columns=("a", "b"), target="noise",
        condition=["type"], objective="vae", encoder="dense", decoder="dense", layers=1,
        latent=2, learning_rate=0.01, device="cpu",
        **(preset("classic") | {"hidden": 32, "batch": 64, "beta": 0.01, "epochs": 15}),
    )  # fmt: skip
    return train(config).as_posix(), data.as_posix()


@pytest.mark.slow
def test_codes_of_a_table_are_told_by_its_columns(table, tmp_path, capsys):
    run, data = table
    words = ["latent", run, "--data", data, "--steps", "3", "--colour", "twice,type"]
    assert main([*words, "--region", "twice > 1 and type != 2", "--output", str(tmp_path)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "The region twice > 1 and type != 2 contains" in printed and "entries" in printed
    assert {"traversals.png", "interpolation.pdf", "pairs_twice.png", "pairs_type.png"} <= {
        path.name for path in (tmp_path / "figures").iterdir()
    }
    names = list(rows(tmp_path / "information.csv")[0])
    assert names == ["column", "a", "b", "type", "noise", "twice"]


def test_the_codes_of_a_table_know_its_columns_and_not_its_noise(table):
    run, _ = table
    found = encode_sets(run, asked=["twice"])
    assert len(found.jets) == 600 and found.main == ["a", "b", "type", "noise", "twice"]
    information = dict(zip(found.observed, found.information().amax(0).tolist(), strict=True))
    assert information["a"] > 0.5 and information["twice"] > 0.5
    assert information["noise"] < 0.2 and information["type"] < 0.2
    assert found.observed["type"].discrete and not found.observed["a"].discrete
    with pytest.raises(InputError, match="'speed': expected one of a, b, type, twice, noise"):
        encode_sets(run, asked=["speed"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--region", "mass >"], "--region: expected comparisons of observables"),
        (["--region", "weight > 3"], "--region: expected names among"),
        (["--region", "mass < 0"], "at least 20 jets inside and outside, received 0 and"),
        (["--colour", "beauty"], "--colour: expected names among n, relative_mass"),
        (["--between", "1"], "--between: expected two numbers of jets"),
        (["--between", "1,9999"], "--between: expected numbers below"),
        (["--jets", "0"], "--jets: expected at least 1"),
        (["--jets", "9"], "--jets: expected at least 10 to lay out their codes, received 9"),
        (["--data", "absent.h5"], "absent.h5: expected a file"),
    ],
)
def test_bad_input_is_one_line(trained, words, message, capsys, tmp_path):
    run, data = trained
    assert main(["latent", run, "--data", data, *words, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error and "\n" not in error
    assert not (tmp_path / "out").exists()


def test_a_classifier_and_its_predictions_replace_no_file_of_others(trained, tmp_path, capsys):
    run, data = trained
    region = ["--region", "mass > 0", "--tail", "pt", "--save-classifier", data]
    assert main(["latent", run, "--data", data, "--output", str(tmp_path / "page"), *region]) == 2
    assert "jets.h5: expected a new file, or one of an earlier result" in capsys.readouterr().err
    assert not (tmp_path / "page").exists()
