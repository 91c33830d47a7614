"""Sets of one and of two items with any named features: muons, di-jets, rows of a table."""

import json
import re

import numpy as np
import pytest
import torch

import jetgen
from jetgen.cli.main import main
from jetgen.cloud import CARTESIAN_ENERGY, Feature, ParticleCloud
from jetgen.config.generate import GenerateConfig
from jetgen.config.report import ReportConfig
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets.writing import set_writer
from jetgen.errors import InputError
from jetgen.generation.command import generate
from jetgen.reports.command import report
from jetgen.runs.folder import RunFolder
from jetgen.training.command import train

MUON = (Feature("px", "GeV"), Feature("pz", "GeV"), Feature("start_x", "cm"))
JET = (Feature("pt", "GeV"), Feature("mass", "GeV"))

SMALL = preset("classic") | {
    "encoder": "dense",
    "decoder": "dense",
    "hidden": 32,
    "layers": 1,
    "latent": 4,
    "batch": 64,
    "learning_rate": 0.01,
    "solver_steps": 8,
    "average": 0.9,
    "device": "cpu",
}


def muons(number: int, seed: int = 1) -> ParticleCloud:
    """Sets of one: the momentum of kind 1 is 50 GeV larger, and so is one in five by weight."""
    generator = torch.Generator().manual_seed(seed)
    kind = (torch.rand(number, generator=generator) < 0.5).float()
    noise = torch.randn((number, 3), generator=generator)
    values = torch.stack([noise[:, 0], 100 + 50 * kind + 5 * noise[:, 1], noise[:, 2] ** 3], dim=1)
    cloud = ParticleCloud(
        values.unsqueeze(1),
        torch.ones(number, 1, dtype=torch.bool),
        MUON,
        weights=torch.where(kind > 0, 0.25, 1.0),
    )
    return cloud.with_conditions({Feature("type"): kind, Feature("energy", "GeV"): values[:, 1]})


def dijets(number: int) -> ParticleCloud:
    """Sets of two, of which the second has half the pT of the first."""
    generator = torch.Generator().manual_seed(1)
    pt = 1000 + 100 * torch.randn((number, 1), generator=generator)
    pts = pt * torch.tensor([1.0, 0.5])
    masses = 0.2 * pts + 10 * torch.randn((number, 2), generator=generator)
    mask = torch.ones(number, 2, dtype=torch.bool)
    return ParticleCloud(torch.stack([pts, masses], dim=2), mask, JET)


@pytest.fixture
def make_config(tmp_path):
    def make(cloud: ParticleCloud, suffix: str = ".h5", name: str = "run", **options):
        path, slots = tmp_path / f"sets{suffix}", cloud.mask.shape[1]
        with set_writer(
            path,
            cloud.features,
            cloud.condition_features,
            slots=slots,
            attributes={},
            overwrite=True,
        ) as append:
            append(cloud)
        given = {"representation": "features", **SMALL, **options}
        return TrainConfig(data=[str(path)], run=str(tmp_path / name), **given)

    return make


TRAININGS = {
    "vae": {"objective": "vae", "epochs": 20, "transform": ["pz=unit"]},
    "gan": {"objective": "gan", "epochs": 60, "learning_rate": 0.003, "label_noise": 0.0},
    "flow matching": {"objective": "flow-matching", "epochs": 20, "decoder": "deepsets"},
    "sets": {"objective": "vae", "epochs": 10, "encoder": "edgeconv", "decoder": "epic"},
}


@pytest.mark.parametrize("variant", TRAININGS)
def test_sets_of_one_follow_the_class_that_is_asked_for(make_config, variant):
    options = {**TRAININGS[variant], "condition": ["type"], "target": "energy"}
    run = jetgen.load(train(make_config(muons(600), ".csv", **options)))
    low, high = (run.generate(400, fix={"type": kind}) for kind in ("0", 1))
    assert low.features == MUON and low.mask.shape == (400, 1)
    assert [f.name for f in low.condition_features] == ["type"]
    difference = high.feature("pz").mean() - low.feature("pz").mean()
    assert 25 < difference < 60  # 50 in the data, 0 for a model that does not heed the class
    assert run.training_jets().has_condition("energy")
    with pytest.raises(InputError, match=r"expected a class of the training jets \(0, 1\)"):
        run.generate(1, fix={"type": 2})


@pytest.mark.parametrize("variant", TRAININGS)
def test_sets_of_two_keep_what_ties_their_items(make_config, variant):
    options = {k: v for k, v in TRAININGS[variant].items() if k != "transform"}
    made = jetgen.load(train(make_config(dijets(600), ".root", **options))).generate(400)
    assert made.features == JET and made.mask.all() and made.mask.shape[1] == 2
    ordered = made.feature("pt").sort(dim=1, descending=True).values
    assert ordered.mean(0).tolist() == pytest.approx([1000, 500], rel=0.15)


def test_columns_of_a_table_are_trained_on_and_written_by_suffix(make_config, tmp_path, capsys):
    data = make_config(muons(200), ".csv").data[0]
    run = str(tmp_path / "table")
    words = ["--objective", "vae", "--epochs", "1", "--device", "cpu", "--hidden", "8"]
    words += ["--columns", "pz,start_x", "--target", "energy", "--run", run, "--prior", "gaussian"]
    assert main(["train", "--data", data, *words]) == 0
    stored = RunFolder(run).read_config()
    assert (stored.representation, stored.particles) == ("features", 1)
    for suffix in (".csv", ".root", ".h5"):
        out = str(tmp_path / f"made{suffix}")
        assert main(["generate", run, "--jets", "70", "--output", out]) == 0
        made = jetgen.read(out)
        assert made.features == (MUON[1], MUON[2]) and len(made) == 70
    heads = (tmp_path / "made.csv").read_text().splitlines()[0]
    assert heads == "pz [GeV],start_x [cm],weight"


WEIGHTED = {"weighted": True, "objective": "flow-matching", "decoder": "deepsets"}


def test_batches_are_drawn_by_weight(make_config):
    made = jetgen.load(train(make_config(muons(600), epochs=20, **WEIGHTED))).generate(1000)
    assert float((made.feature("pz") > 125).float().mean()) == pytest.approx(0.2, abs=0.06)


def test_batches_drawn_by_weight_resume_to_the_same_numbers(make_config, trained_and_resumed):
    trained_and_resumed(make_config(muons(600), epochs=4, **WEIGHTED), 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"constraint": ["mass"]}, "constraint: expected none with representation='features'"),
        ({"monitor": ("fpd",)}, "monitor: expected fom alone with representation='features'"),
        ({"target": "pz", "columns": ("pz",)}, "target: expected a column that is neither"),
        ({"columns": ("pz",), "representation": "cartesian"}, "representation: expected"),
        ({"columns": ("speed",)}, "'speed': expected one of px, pz, start_x"),
    ],
)
def test_options_that_do_not_fit_are_refused_in_one_line(make_config, options, message):
    with pytest.raises(InputError, match=message) as caught:
        train(make_config(muons(100), **options))
    assert "\n" not in str(caught.value)


def test_sets_without_momenta_name_the_way_to_train_on_them(make_config):
    with pytest.raises(InputError, match="representation='features'"):
        train(make_config(dijets(100), representation="relative"))


@pytest.mark.slow
def test_a_run_on_weighted_muons_is_reported(make_config, tmp_path):
    options = {"weighted": True, "condition": ["type"], "columns": ("pz", "start_x")}
    run = train(make_config(muons(600), **options, **TRAININGS["vae"]))
    assert main(["generate", str(run), "--jets", "200"]) == 0
    page = report(ReportConfig(run=str(run)))
    content = json.loads(page.with_name("table.json").read_text())
    rows = {(row["quantity"], row["sample"]): row for row in content["rows"]}
    columns = {"pz", "start_x", "type"}
    assert {name for name, _ in rows} == columns | {"mean_w1", "correlations", "pairs"}
    kinds = rows["type", "reconstructed"]  # each with the weight of its muon
    assert kinds["w1"] < 1e-9
    first, *_, last = content["warnings"]
    said = re.fullmatch(r"simulated: 90 weighted entries count as (\d+), \(Σw\)² / Σw²", first)
    assert 45 < int(said[1]) < 90
    assert last == f"simulated has {said[1]} entries; no more of generated are compared"
    assert content["headlines"]["generated"]["word"] != "indistinguishable"  # too few muons
    assert "type" not in content["counted"]


def test_tables_are_evaluated_by_columns(make_config, tmp_path, capsys):
    real = make_config(muons(400), ".csv").data[0]
    made = make_config(muons(400, seed=2), ".root").data[0]
    assert main(["evaluate", made, "--real", real]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    said = re.search(r"(\d+) entries of each sample with \1 simulated ones", printed)
    size = int(said[1])  # weighted ones count as fewer
    assert 200 < size < 400
    assert "simulated: 400 weighted entries count as" in printed
    assert f"it needs at least 500 entries per sample, received {size}" in printed
    for words in (["--jetnet"], ["--classifier", "transformer"]):
        assert main(["evaluate", made, "--real", real, *words]) == 2
        assert "with sets of named features" in capsys.readouterr().err


def test_sets_larger_than_allowed_are_not_cut(make_config):
    with pytest.raises(InputError, match="particles: expected at least 2"):
        train(make_config(dijets(100), particles=1))


def test_jets_are_the_same_in_every_format(gaussian_file, tmp_path):
    options = {"hidden": 8, "epochs": 1, "particles": 5, "prior": "gaussian", "device": "cpu"}
    run = train(TrainConfig(data=[str(gaussian_file)], run=str(tmp_path / "jets"), **options))
    made = []
    for suffix in ("h5", "root", "parquet"):
        path = tmp_path / f"x.{suffix}"
        generate(GenerateConfig(runs=[str(run)], jets=30, output=str(path)))
        made.append(jetgen.read(path))
        assert made[-1].features == CARTESIAN_ENERGY
        assert made[-1].condition_features == made[0].condition_features
        np.testing.assert_allclose(made[-1].mass, made[0].mass, rtol=1e-4)
        np.testing.assert_allclose(made[-1].conditions, made[0].conditions, rtol=1e-6)
    with pytest.raises(InputError, match=r"\.root or \.parquet for jets, .* such as x\.h5"):
        generate(GenerateConfig(runs=[str(run)], output=str(tmp_path / "x.csv")))
