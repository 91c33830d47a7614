"""A one-pass generator as one ONNX file: the jets of jetgen for the same noise."""

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from jetgen.cli.main import main
from jetgen.config.export import ExportConfig
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError
from jetgen.export.command import TOLERANCE, export
from jetgen.export.one_pass import OnePass
from jetgen.runs.trained_model import load
from jetgen.training.command import train

PAGE = Path(__file__).parents[2] / "docs" / "export.md"
SMALL = {
    "condition": ["pt"],
    "particles": 10,
    "hidden": 8,
    "layers": 1,
    "latent": 3,
    "flow_transforms": 1,
    "flow_hidden": 8,
    "epochs": 1,
    "prior_epochs": 1,
    "batch": 100,
    "device": "cpu",
}

EXPORTED = {
    "vae": {"encoder": "epic", "decoder": "epic"},
    "noise": {"decoder": "deepsets", "queries": "noise", "prior": "gaussian"},
    "transformer": {"objective": "wae", "decoder": "transformer", "likelihood_weight": 0.0},
    "attention": {"decoder": "attention", "prior": "gaussian"},
    "cartesian": {"representation": "cartesian", "decoder": "message-passing"},
    "gan": {"objective": "gan", "decoder": "epic", "queries": "noise"},
    "one step": {"objective": "flow-matching", "solver": "euler", "solver_steps": 1},
}

REFUSED = {
    "flow-matching": ({"objective": "flow-matching"}, "evaluated [0-9]+ times"),
    "latent-multiplicity": ({"multiplicity": "latent"}, "draws the number of particles"),
    "mixture": ({"objective": "wae", "prior": "mixture"}, "the prior mixture"),
}


@pytest.fixture(scope="module")
def made(tmp_path_factory, make_gaussian_jets):
    """A function that trains a model for one epoch; returns the folder of the run."""
    folder = tmp_path_factory.mktemp("runs")
    jets = make_gaussian_jets(200, seed=1)

    def run(name, options):
        path = folder / name
        if not path.exists():
            train(TrainConfig(data=["in memory"], run=str(path), **SMALL | options), data=jets)
        return path

    return run


@pytest.mark.parametrize("name", EXPORTED)
def test_the_pass_gives_the_jets_of_the_model_for_the_same_noise(made, name):
    generator = OnePass(load(made(name, EXPORTED[name])))
    source = torch.Generator().manual_seed(1)
    draw = generator.model.draw(60, source)
    inputs = generator.inputs(draw, source)
    with torch.no_grad():
        momenta, mask = generator(*inputs)
    wanted = generator.expected(inputs, draw)
    scale = wanted.abs().amax((1, 2), keepdim=True)
    assert mask.sum(1).equal(draw.multiplicity)
    assert not momenta[~mask].any()
    assert ((momenta[:, : wanted.shape[1]] - wanted) / scale).abs().max() < TOLERANCE


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_single_pass_is_refused(made, name):
    options, received = REFUSED[name]
    with pytest.raises(InputError, match=f"needs one pass of its network .*{received}"):
        OnePass(load(made(name, options)))


@pytest.mark.slow
def test_the_file_alone_makes_the_same_jets(made, tmp_path, capsys, monkeypatch):
    run = made("vae", EXPORTED["vae"])
    path = tmp_path / "model.onnx"
    assert main(["export", str(run), str(path)]) == 0
    assert "differ from those of jetgen" in capsys.readouterr().out
    generator = OnePass(load(run))
    session = onnxruntime.InferenceSession(path)
    names = [given.name for given in session.get_inputs()]
    assert names == generator.names == [
        "code_noise", "particle_noise", "particles", "pt", "eta", "phi",
    ]  # fmt: skip
    for jets in (1, 70):  # another number of jets than in the export
        source = torch.Generator().manual_seed(jets)
        draw = generator.model.draw(jets, source)
        inputs = generator.inputs(draw, source)
        momenta, mask = session.run(
            None, dict(zip(names, (x.numpy() for x in inputs), strict=True))
        )
        wanted = generator.expected(inputs, draw).numpy()
        assert mask.sum(1).tolist() == draw.multiplicity.tolist()
        scale = np.abs(wanted).max((1, 2), keepdims=True)
        apart = np.abs(momenta[:, : wanted.shape[1]] - wanted) / scale
        assert apart.max() < TOLERANCE
    table = np.genfromtxt(path.with_suffix(".csv"), delimiter=",", names=True)
    assert list(table.dtype.names) == names[2:]
    example = PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    assert example.count("\n") <= 30
    monkeypatch.chdir(tmp_path)
    exec(compile(example, str(PAGE), "exec"), values := {})
    np.testing.assert_allclose(np.hypot(*values["total"].T[:2]), 1000, rtol=1e-3)
    with pytest.raises(InputError, match=r"model\.onnx"):
        export(ExportConfig(run=str(run), output=str(path)))


@pytest.mark.slow
def test_one_step_of_flow_matching_is_written_without_codes(made, tmp_path):
    run = made("one step", EXPORTED["one step"])
    written = export(ExportConfig(run=str(run), output=str(tmp_path / "one.onnx")))
    assert written.difference < TOLERANCE
    assert written.inputs["particle_noise"] == (10, 3)
    assert "code_noise" not in written.inputs


@pytest.mark.parametrize("name", ["jets.h5", "model.csv", "model"])
def test_a_name_of_another_format_is_refused(name):
    with pytest.raises(InputError, match=r"output: expected a name in \.onnx, received"):
        ExportConfig(run="run", output=name)


def test_a_network_that_torch_cannot_write_is_refused(made, tmp_path):
    run = made("pyramid", {"decoder": "pyramid"})
    with pytest.raises(InputError, match=r"that torch can write as ONNX .*received the decoder"):
        export(ExportConfig(run=str(run), output=str(tmp_path / "model.onnx")))
    assert not list(tmp_path.iterdir())
