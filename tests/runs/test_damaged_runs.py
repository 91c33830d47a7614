"""No file of a run, however damaged, ends what reads it with anything but one line."""

import json
import shutil
from functools import partial
from pathlib import Path

import pytest
import torch

from jetgen.citing.citations import of_run
from jetgen.errors import InputError
from jetgen.ranking.runs import costs, held_out_by
from jetgen.reports.command import training_rates
from jetgen.reports.figures.training_curves import training_panels
from jetgen.runs.folder import RunFolder
from jetgen.runs.health import Finding, read_health, write_health
from jetgen.runs.trained_model import load

FILES = ("environment.json", "metrics.csv", "config.yaml", "health.json")

VALUES = (None, True, 0, -1, 1.5, "", "text", [], [1], {}, {"a": 1}, [["x"]], "\x1b[2J")


@pytest.fixture
def run(tmp_path):
    """A run with everything that today's runs have."""
    folder = RunFolder(tmp_path / "run")
    shutil.copytree(Path(__file__).parent / "format-1", folder.path)
    write_health(folder.health_file, [Finding("prior", "collapse", "one line")])
    content = json.loads(folder.environment_file.read_text())
    place = {
        "name": "jets.h5", "absolute": "/data/jets.h5", "relative": "../jets.h5", "bytes": 7,
        "format": "jetgen HDF5", "command": "simulate",
    }  # fmt: skip
    content |= {
        "files": [place],
        "components": [{"name": "deepsets", "package": "one", "version": "1"}],
        "split": {
            "seed": 1,
            "training": 140,
            "validation": 30,
            "test": 30,
            "copies_together": True,
        },
        "threads": 1,
    }
    folder.environment_file.write_text(json.dumps(content))
    consume(folder)
    return folder


def consume(run: RunFolder) -> None:
    """Read what commands read of a run, each as far as it goes."""

    def model():
        made = load(run.path)
        held_out_by(made), costs(made), made.provenance(), made.event_weight, made.title

    for read in (
        model,
        run.threads,
        run.places,
        run.data_files,
        run.keeps_copies_together,
        lambda: read_health(run.health_file),
        lambda: training_rates(run),
        lambda: training_panels(run.metrics_file),
        lambda: of_run(run.path),
    ):
        try:
            read()
        except InputError as error:
            assert "\n" not in str(error).strip()


def replaced(data: bytes, generator: torch.Generator) -> bytes:
    """JSON with a value at a random place replaced, or its key removed."""
    content = json.loads(data)
    node, path = content, []
    while isinstance(node, dict | list) and node and (not path or draw(3, generator)):
        path.append(list(node)[draw(len(node), generator)] if isinstance(node, dict)
                    else draw(len(node), generator))  # fmt: skip
        node = node[path[-1]]
    parent = content
    for key in path[:-1]:
        parent = parent[key]
    if draw(4, generator):
        parent[path[-1]] = VALUES[draw(len(VALUES), generator)]
    else:
        del parent[path[-1]]
    return json.dumps(content).encode()


def draw(most: int, generator: torch.Generator) -> int:
    return int(torch.randint(most, (1,), generator=generator))


@pytest.mark.slow
@pytest.mark.fuzz
@pytest.mark.parametrize("name", FILES)
def test_damaged_files_of_a_run_end_in_one_line(run, name, mutated, end_in_one_line):
    end_in_one_line(run.path / name, mutated, partial(consume, run))


@pytest.mark.slow
@pytest.mark.fuzz
@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".json")])
def test_json_of_another_form_ends_in_one_line(run, name, end_in_one_line):
    end_in_one_line(run.path / name, replaced, partial(consume, run))
