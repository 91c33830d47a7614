"""What ``jetgen report`` gathers: files, or a run with its generated jets."""

import json
from types import SimpleNamespace

import pytest
import torch

from jetgen.cli.main import main
from jetgen.config.train import TrainConfig
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.errors import InputError, InputWarning
from jetgen.objectives.autoencoder import Codes
from jetgen.physics.fourvectors import JET_KINEMATICS, to_relative
from jetgen.reports import command as reporting
from jetgen.runs.folder import RunFolder
from jetgen.runs.named import Named


def write(path, jets, **noted):
    relative = to_relative(jets)
    with JetgenWriter(path, attributes={"command": "test", **noted}, slots=30) as writer:
        writer.append(jets.with_conditions({f: relative.condition(f.name) for f in JET_KINEMATICS}))
    return str(path)


@pytest.fixture
def quick(monkeypatch):
    """The folder, and what the report was asked to show, without drawing it."""
    asked = {}

    def record(folder, shown, about, **arguments):
        asked.update(vars(shown) | vars(about) | arguments, folder=folder)
        return folder

    monkeypatch.setattr(reporting, "write_report", record)
    return asked


class Model:
    """Stands for a trained model."""

    title, reconstructs, training_size = "A model", True, 200

    def __init__(self, folder, toy_jets, prior):
        self.folder, self.toy_jets = RunFolder(folder), toy_jets
        self.run = Named(self.folder)
        self.config = TrainConfig(prior=prior, data=["data/gluon.h5"])
        self.folder.write_config(self.config)
        self.model = SimpleNamespace(evaluations=1)
        self.priors = {prior: prior, "gaussian": "Gaussian"}

    def data(self):
        return self.config.data

    def held_out(self, most):
        return self.toy_jets(50, 1)[:most]

    def training_sample(self):
        return self.toy_jets(200, 2)

    def reconstruct(self, cloud):
        return cloud

    def codes(self, cloud):
        codes = torch.arange(float(len(cloud))).unsqueeze(1)
        return Codes(codes, torch.full_like(codes, -torch.inf), 2 * codes)

    def prior_codes(self, context, seed):
        return context + seed

    def generate(self, jets, *, seed, prior=None):
        assert seed == 7
        return self.toy_jets(jets, 4)

    def provenance(self):
        return {"seed": 3}


def test_a_run_is_compared_with_its_held_out_jets(toy_jets, quick, monkeypatch, tmp_path):
    monkeypatch.setattr(reporting, "load", lambda run, **options: Model(run, toy_jets, "flow"))
    write(tmp_path / "generated.h5", toy_jets(60, 3))
    page = reporting.report(reporting.ReportConfig(run=str(tmp_path), jets=40, seed=7))
    assert page == quick["folder"] == tmp_path / "report"
    sizes = {name: len(jets) for name, jets in quick["samples"].items()}
    assert sizes == {
        "reconstructed": 40, "generated": 40, "generated (Gaussian prior)": 40,
        "independent particles": 40,
    }  # fmt: skip
    assert (len(quick["real"]), len(quick["training"])) == (40, 200)
    assert quick["history"] is None
    assert quick["provenance"]["run"] == {"seed": 3}
    latent = quick["latent"]
    assert (latent.codes == latent.mean).all()
    assert latent.prior[:3, 0].tolist() == [7.0, 9.0, 11.0]
    assert latent.prior_name == "flow"
    assert [rate.step for rate in quick["rates"]] == ["Generate", "Encode and decode"]
    cited = [citation.work.key for citation in quick["citations"]]
    assert {"Durkan:2019", "Bierlich:2022", "Burda:2015"} <= set(cited)
    assert len(cited) == len(set(cited))
    assert "held-out" in quick["description"] and "A model" in quick["description"]


def test_with_a_gaussian_prior_there_is_no_second_one(toy_jets, quick, monkeypatch, tmp_path):
    monkeypatch.setattr(reporting, "load", lambda run, **options: Model(run, toy_jets, "gaussian"))
    write(tmp_path / "generated.h5", toy_jets(60, 3))
    rows = "stage,epoch,seconds,jets_per_second\n"
    rows += "autoencoder,1,5,100\nautoencoder,2,9,300\nprior,1,12,9\n"
    (tmp_path / "metrics.csv").write_text(rows)
    reporting.report(reporting.ReportConfig(run=str(tmp_path), seed=7))
    speeds = {rate.step: rate.jets_per_second for rate in quick["rates"]}
    assert (speeds["Train autoencoder"], speeds["Train prior"]) == (200, 9)
    assert set(quick["samples"]) == {"reconstructed", "generated", "independent particles"}
    assert quick["history"] == tmp_path / "metrics.csv"


def test_an_autoencoder_without_generated_jets_shows_its_reconstructions(
    toy_jets, quick, monkeypatch, tmp_path
):
    monkeypatch.setattr(reporting, "load", lambda run, **options: Model(run, toy_jets, "flow"))
    with pytest.warns(InputWarning, match=r"reconstructed jets alone, `jetgen\.generate"):
        reporting.report(reporting.ReportConfig(run=str(tmp_path), seed=7))
    assert list(quick["samples"]) == ["reconstructed", "independent particles"]
    assert quick["title"].startswith("Reconstructed jets")


def test_another_model_without_generated_jets_says_what_to_do(toy_jets, monkeypatch, tmp_path):
    monkeypatch.setattr(Model, "reconstructs", False)
    monkeypatch.setattr(reporting, "load", lambda run, **options: Model(run, toy_jets, "flow"))
    with pytest.raises(InputError, match=r"make them with `jetgen\.generate"):
        reporting.report(reporting.ReportConfig(run=str(tmp_path)))


def test_jets_of_other_weights_are_refused(toy_jets, quick, monkeypatch, tmp_path):
    """Such as those made before the training went on."""
    monkeypatch.setattr(reporting, "load", lambda run, **options: Model(run, toy_jets, "flow"))
    write(tmp_path / "generated.h5", toy_jets(60, 3), checkpoint_sha256="1234")
    for found in ("1234", "5678"):
        monkeypatch.setattr(Model, "provenance", lambda self, f=found: {"checkpoint_sha256": f})
        options = reporting.ReportConfig(run=str(tmp_path), jets=40, seed=7)
        if found == "1234":
            reporting.report(options)
        else:
            with pytest.raises(InputError, match=r"5678\), received those of others \(1234"):
                reporting.report(options)


def test_files_of_one_name_are_told_apart(toy_jets, quick, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "jets.h5", toy_jets(30, 2))
    real = write(tmp_path / "real.h5", toy_jets(60, 1))
    generated = [str(tmp_path / name / "jets.h5") for name in ("one", "two")]
    reporting.report(reporting.ReportConfig(real=real, generated=generated, output="out"))
    assert list(quick["samples"]) == [*generated, "independent particles"]
    assert set(quick["provenance"]["files"]) == {real, *generated}


@pytest.mark.slow
def test_the_command_reports_on_files(toy_jets, tmp_path, capsys):
    real = write(tmp_path / "real.h5", toy_jets(80, 1))
    first = write(tmp_path / "first.h5", toy_jets(50, 2))
    second = write(tmp_path / "second.h5", toy_jets(50, 3, width=0.2))
    words = ["report", "--real", real, "--generated", first, second, "--output"]
    assert main([*words, str(tmp_path / "out")]) == 0
    out = capsys.readouterr().out
    assert str(tmp_path / "out" / "report.html") in out.replace("\n", "")
    assert "relative jet mass (W1M)" in out
    content = json.loads((tmp_path / "out" / "table.json").read_text())
    assert {row["sample"] for row in content["rows"]} == {
        "first", "second", "independent particles",
    }  # fmt: skip
    assert content["jets"] == 50  # nothing is halved
    assert "drawn with replacement from 80 simulated jets" in content["compared"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "received neither"),
        (["runs/x", "--generated", "a.h5"], "received both"),
        (["--real", "a.h5", "--generated", "b.h5"], "missing --output"),
        (["--generated", "b.h5"], "missing --real, --output"),
        (["runs/x", "--jets", "0"], "--jets: expected at least 1"),
        (["no/such/run"], "no/such/run"),
        (["--real", "no.h5", "--generated", "no.h5", "--output", "o"], "no.h5"),
    ],
)
def test_bad_input_is_one_line(words, message, capsys):
    assert main(["report", *words]) == 2
    error = capsys.readouterr().err.strip()
    assert message in error
    assert "\n" not in error
