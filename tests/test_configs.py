"""The shipped option files: each is valid, and the rows of the comparison are comparable."""

import dataclasses

import pytest

from jetgen.cli.main import main
from jetgen.cli.parser import parse
from jetgen.config.train import TrainConfig
from jetgen.configs import FOLDER, names, preset, shipped
from jetgen.errors import InputError, some
from jetgen.sweeps.definition import read_sweep

ROWS = sorted((FOLDER / "comparison").glob("*.yaml"))
SHARED = ("data", "jets", "seed", "particles", "representation", "threads", "time_limit", "batch")


def options(*words):
    return parse("train", "", TrainConfig, [str(word) for word in words])


@pytest.mark.parametrize("name", names("presets"))
def test_a_preset_is_valid_and_leaves_data_and_run_to_the_user(name):
    config, plain = options("--preset", name), TrainConfig()
    assert (config.data, config.run) == (plain.data, plain.run)
    assert config == TrainConfig(**preset(name)) != plain


def test_the_command_lists_presets_and_prints_one(capsys):
    assert main(["presets"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[:-1]] == list(names("presets"))
    assert all(len(line) <= 120 for line in lines)
    assert main(["presets", "vae"]) == 0
    assert capsys.readouterr().out == shipped("presets", "vae").read_text(encoding="utf-8")


def test_an_unknown_preset_lists_the_known_ones(capsys):
    assert main(["train", "--preset", "nope"]) == 2
    assert f"preset: expected one of {some(names('presets'))}, received 'nope'" in (
        capsys.readouterr().err
    )


def test_flags_win_over_files_and_files_over_presets_in_any_order(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("epochs: 3\nlatent: 4\nbatch: 5\n")
    config = options("--latent", 7, "--config", file, "--preset=vae")
    asked = {"latent": 7, "epochs": 3, "batch": 5}
    assert config == dataclasses.replace(TrainConfig(**preset("vae")), **asked)


def test_a_preset_in_a_file_of_options_is_refused(tmp_path):
    file = tmp_path / "mine.yaml"
    file.write_text("preset: vae\n")
    with pytest.raises(InputError, match="--preset: expected on the command line, received 'vae'"):
        options("--config", file)


@pytest.mark.parametrize("words", [["--preset"], ["--epochs", "1", "--config"]])
def test_an_option_without_its_value_is_named(words):
    with pytest.raises(InputError, match=f"{words[-1]}: expected a (file|name), found none"):
        options(*words)


@pytest.mark.parametrize("name", names("sweeps"))
def test_a_sweep_is_found_by_its_name(name):
    assert read_sweep(name).search


@pytest.mark.parametrize("path", ROWS, ids=lambda path: path.stem)
def test_a_row_writes_to_a_run_of_its_name(path):
    assert path.read_text(encoding="utf-8").startswith("# ")
    assert options("--config", path).run == f"runs/comparison/{path.stem}"


def test_the_rows_of_the_comparison_differ_in_the_method_alone():
    configs = [options("--config", path) for path in ROWS]
    assert len({str([getattr(config, name) for name in SHARED]) for config in configs}) == 1


def test_every_objective_and_loss_has_a_row():
    configs = [options("--config", path) for path in ROWS]
    found = {(config.objective, config.loss) for config in configs}
    for objective in ("ae", "vae", "wae", "swae", "aae"):
        assert {(objective, loss) for loss in ("mse", "chamfer", "emd")} <= found
    adversarial = {config.gan_loss for config in configs if config.objective == "gan"}
    assert adversarial == {"bce", "lsgan", "hinge", "wgan-gp"}
    assert any(config.objective == "flow-matching" for config in configs)
