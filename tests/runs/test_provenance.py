"""A run reads its jets again only where they are those that it was trained on."""

import json
from pathlib import Path

import pytest

import jetgen
from jetgen.cli.main import main
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.errors import InputError
from jetgen.files.whole import sha256
from jetgen.runs.data import JetStore
from jetgen.runs.folder import RunFolder
from jetgen.training.command import train

TINY = preset("classic") | {
    "particles": 12,
    "hidden": 8,
    "layers": 1,
    "latent": 3,
    "neighbours": 4,
    "epochs": 1,
    "device": "cpu",
}
DOORS = {
    "report": ["report", "{run}"],
    "latent": ["latent", "{run}"],
    "compare": ["compare", "{run}", "--output", "{out}"],
    "leaderboard": ["leaderboard", "{runs}", "--output", "{out}"],
    "generate in a region": ["generate", "{run}", "--region", "mass > 0", "--output", "x.h5"],
    "resume": ["train", "--run", "{run}", "--resume"],
}


@pytest.fixture
def run(gaussian_file, tmp_path, monkeypatch):
    """A finished run on a file beside it."""
    gaussian_file.rename(tmp_path / "jets.h5")
    monkeypatch.chdir(tmp_path)
    train(TrainConfig(**TINY, data=["jets.h5"], run="runs/one"))
    jetgen.generate("runs/one", jets=20, output="runs/one/generated.h5")
    return RunFolder("runs/one")


@pytest.mark.parametrize("same_size", [True, False], ids=["same size", "other size"])
@pytest.mark.parametrize("words", DOORS.values(), ids=DOORS)
def test_a_data_file_that_changed_after_training_is_refused(run, capsys, words, same_size):
    before = run.environment_file.read_bytes()
    with Path("jets.h5").open("r+b" if same_size else "ab") as file:
        file.seek(-1, 2)
        file.write(b"x" if same_size else b"xx")
    names = {"run": str(run.path), "runs": "runs", "out": "out"}
    assert main([word.format(**names) for word in words]) == 2
    error = capsys.readouterr().err.splitlines()[-1]
    was = json.loads(before)["data"]["jets.h5"]
    assert f"SHA-256 {was}), found another" in error
    assert sha256("jets.h5") in error and " bytes" in error
    assert run.environment_file.read_bytes() == before


def test_the_environment_is_written_once(run):
    before = run.environment_file.read_bytes()
    run.best.unlink()
    run.last.unlink()
    train(TrainConfig(run=str(run.path), resume=True))
    assert run.environment_file.read_bytes() == before


@pytest.mark.parametrize("text", ["", "[]", "{}", "\xff", '{"data": [], "libraries": {}}'])
def test_a_damaged_environment_is_one_line(run, text):
    run.environment_file.write_text(text, encoding="latin-1")
    with pytest.raises(InputError, match="expected what jetgen train notes"):
        run.read_environment()


def test_runs_share_jets_only_when_they_draw_the_same(run):
    store, config = JetStore(), run.read_config()
    drawn = [
        store.jets(TrainConfig(**{**TINY, "jets": 50, "seed": seed}), config.data)
        for seed in (1, 2, 1)
    ]
    assert drawn[0] is drawn[2] and drawn[0] is not drawn[1]
