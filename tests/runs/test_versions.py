"""Runs and files of an older format are read, those of a newer jetgen refused by name.

``format-1`` is a small run of jetgen 0.1.0, which wrote no versions yet, with 20 of its jets.
"""

import json
import shutil
from pathlib import Path

import h5py
import pytest
import torch
import yaml
from safetensors import safe_open
from safetensors.torch import load_file, save_file

import jetgen
from jetgen.cli.main import main
from jetgen.config.generate import GenerateConfig
from jetgen.config.train import TrainConfig
from jetgen.datasets import read
from jetgen.errors import InputError
from jetgen.files import versions
from jetgen.generation.command import generate
from jetgen.physics.fourvectors import JET_KINEMATICS, laboratory_jets, pt
from jetgen.runs.folder import RunFolder

OLD = RunFolder(Path(__file__).parent / "format-1")


@pytest.fixture
def run(tmp_path):
    """A copy of the old run, to be changed."""
    return RunFolder(shutil.copytree(OLD.path, tmp_path / "run"))


@pytest.mark.recorded
def test_a_run_of_the_first_format_makes_the_jets_that_it_made():
    model = jetgen.load(OLD.path).model
    stream = torch.Generator().manual_seed(1)  # all jets were made from one stream then
    now = laboratory_jets(model.sample(model.draw(20, stream), stream))
    now = now.leading(now.mask.shape[1], by=pt(now.particles))  # as files hold them
    then = read(OLD.generated_file)
    assert torch.equal(now.mask, then.mask)
    largest = then.particles.abs().max()
    torch.testing.assert_close(
        now.particles, then.particles[..., :3], rtol=1e-3, atol=1e-5 * largest
    )
    for feature in JET_KINEMATICS:
        values = (cloud.condition(feature.name) for cloud in (now, then))
        torch.testing.assert_close(*values, rtol=1e-3, atol=1e-3)


def test_a_run_from_before_there_was_a_choice_has_the_optimiser_it_had():
    content = yaml.safe_load(OLD.config_file.read_text())
    assert "optimiser" not in content
    assert TrainConfig().optimiser == "muon"
    assert OLD.read_config().optimiser == "adam"


def test_the_optimiser_of_a_gan_was_an_option_of_its_own(run):
    content = yaml.safe_load(run.config_file.read_text())
    for name in ("constraint", "prior", "likelihood_weight", "loss_scale", "multiplicity"):
        content.pop(name, None)
    own = ["saturating=false", "optimiser=rmsprop"]
    run.config_file.write_text(
        yaml.safe_dump({**content, "objective": "gan", "objective_option": own})
    )
    config = run.read_config()
    assert config.optimiser == "rmsprop" and config.objective_option == own[:1]


def test_what_is_written_carries_its_version(tmp_path, run):
    made = generate(GenerateConfig(runs=[str(run.path)], jets=5, output=str(tmp_path / "x.h5")))
    with h5py.File(made.path) as file:
        assert file.attrs["jetgen_format"] == versions.HDF5_FORMAT
    run.write_config(run.read_config())
    assert yaml.safe_load(run.config_file.read_text())["jetgen_format"] == versions.CONFIG_FORMAT
    assert run.read_config() == OLD.read_config()
    run.load_model().save(run.best)
    with safe_open(run.best, framework="pt") as file:
        assert list(file.metadata()) == ["state"]
        state = json.loads(file.metadata()["state"])
    assert state["jetgen_format"] == versions.CHECKPOINT_FORMAT
    assert jetgen.load(run.path).config == OLD.read_config()


def test_a_newer_checkpoint_is_refused_by_name(run):
    with safe_open(run.best, framework="pt") as file:
        state = json.loads(file.metadata()["state"])
    newer = str(versions.CHECKPOINT_FORMAT + 1)
    for header in (
        {"state": json.dumps(state | {"jetgen_format": newer})},
        {"state": json.dumps(state), "jetgen_format": newer},
    ):
        save_file(load_file(run.best), run.best, metadata=header)
        expected = rf"best\.safetensors: written by a newer jetgen \(format {newer}\), this one"
        with pytest.raises(InputError, match=expected):
            jetgen.load(run.path)


@pytest.mark.parametrize("version", ["x", None, [3]])
def test_a_version_that_is_no_number_is_refused_in_one_line(version, run):
    state = json.dumps({**run.load_model().state, "jetgen_format": version})
    save_file(load_file(run.best), run.best, metadata={"state": state})
    with pytest.raises(InputError, match=r"best\.safetensors: expected a jetgen checkpoint"):
        run.load_model()


def test_equal_checkpoints_are_equal_bytes(tmp_path, run):
    """Cards of models identify weights by the hash of their file."""
    checkpoint = run.load_model()
    for number in range(8):
        checkpoint.save(tmp_path / f"{number}.safetensors")
    assert len({path.read_bytes() for path in tmp_path.glob("*.safetensors")}) == 1


def test_a_newer_config_is_refused_by_name_also_as_an_option(run, capsys):
    text = run.config_file.read_text()
    run.config_file.write_text("jetgen_format: 3\nnovelty: 1\n" + text)
    with pytest.raises(InputError, match=r"config\.yaml: written by a newer jetgen \(format 3\)"):
        jetgen.load(run.path)
    run.config_file.write_text("jetgen_format: 3\n" + text)
    assert main(["train", "--config", str(run.config_file)]) == 2
    assert "config: written by a newer jetgen (format 3)" in capsys.readouterr().err


def test_a_newer_hdf5_file_is_refused_by_name_whatever_it_holds(tmp_path):
    with h5py.File(tmp_path / "new.h5", "w") as file:
        file["unheard_of"] = [1.0, 2.0]
        file.attrs["jetgen_format"] = 3
    with pytest.raises(InputError, match=r"new\.h5: written by a newer jetgen \(format 3\)"):
        read(tmp_path / "new.h5")


def test_the_config_of_a_run_can_be_used_again(run, capsys):
    run.write_config(run.read_config())
    assert main(["train", "--config", str(run.config_file), "--run", str(run.path)]) == 2
    assert "expected a new folder, found a run" in capsys.readouterr().err
