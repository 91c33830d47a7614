"""The scripts of docs/examples run as a user runs them, at a tiny scale, and the site shows all."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import jetgen

EXAMPLES = Path(__file__).parents[1] / "docs" / "examples"
NEED_JETS = [
    "losses_in_a_pytorch_loop",
    "own_encoder",
    "evaluate_a_foreign_generator",
]


@pytest.fixture
def example(tmp_path):
    """Run a script in an empty folder; return what it printed."""

    def run(name, *arguments):
        done = subprocess.run(
            [sys.executable, str(EXAMPLES / f"{name}.py"), *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "MPLBACKEND": "agg"},
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def data(toy_jets, tmp_path):
    return jetgen.write(toy_jets(1200, 1), tmp_path / "jets.h5")


@pytest.mark.slow
@pytest.mark.parametrize("name", NEED_JETS)
def test_examples_run_on_a_file_of_jets(name, example, data):
    out = example(name, data, "--tiny")
    expected = {
        "losses_in_a_pytorch_loop": "1-Wasserstein distance of mass / pT",
        "own_encoder": "ParticleCloud(100 x",
        "evaluate_a_foreign_generator": "verdict: different. ",
    }
    assert expected[name] in out


@pytest.mark.slow
def test_own_jets_come_back_as_awkward_arrays(example, tmp_path):
    assert "generated: mean mass" in example("own_jets_from_awkward", "--tiny")
    assert len(jetgen.read(tmp_path / "own-jets.parquet")) == 200


@pytest.mark.slow
def test_a_run_is_looked_at_and_the_picture_of_the_readme_is_drawn(example, data, tmp_path):
    assert "generated: 45 jets, mean mass" in example("train_and_look", data, "--tiny")
    example("readme_picture", tmp_path / "runs" / "look", "--output", tmp_path / "picture.png")
    assert 10_000 < (tmp_path / "picture.png").stat().st_size < 150_000


def test_the_page_shows_every_example():
    page = (EXAMPLES / "index.md").read_text(encoding="utf-8")
    scripts = sorted(path.name for path in EXAMPLES.glob("*.py"))
    assert len(scripts) == 6 and [s for s in scripts if f'--8<-- "{s}"' not in page] == []
