"""No YAML file of options, a study or a sweep, however damaged, ends in anything but one line."""

from functools import partial
from pathlib import Path

import pytest
import torch
import yaml

from jetgen.cli.parser import parse
from jetgen.config.train import TrainConfig
from jetgen.configs import FOLDER
from jetgen.runs.folder import RunFolder
from jetgen.studies.definition import define
from jetgen.sweeps.definition import read_sweep

KINDS = ("study.yaml", "sweep.yaml", "config.yaml", "options.yaml")

VALUES = (
    None, True, 0, -1, 1.5, float("nan"), 10**30, "", "text", "1e-4", "x" * 300, "\x1b[2J", [], [1],
    [None, "a"], {}, {"a": 1}, {1: {2: 3}}, [[["x"]]], "2026-11-28", "{jets}", "--plugin a.b",
)  # fmt: skip


SWEEP = b"""
base: {data: [a.h5], epochs: 2, latent: 2, encoder: dense, loss: chamfer}
options: {hidden: 8, layers: 1}
search:
  learning_rate: {low: 0.000001, high: 0.01, log: true}
  batch: {choices: [32, 64]}
metric: validation_total
"""

OPTIONS = b"""
data: [a.h5, b.h5]
run: run
objective: vae
epochs: 3
learning_rate: 0.001
condition: [pt]
transform: ["pt=log"]
allow: [nan]
map: {px: a, py: b}
"""


@pytest.fixture
def read(tmp_path):
    """A sound file of a kind, and the function that reads what has become of it."""

    def of(kind: str):
        path = tmp_path / kind
        match kind:
            case "study.yaml":
                source = (FOLDER / "studies" / "sparse-jets" / kind).read_bytes()
                look = partial(define, tmp_path, Path("out"), quick=True)
            case "sweep.yaml":
                source = SWEEP
                look = partial(used, path)
            case "config.yaml":
                RunFolder(tmp_path).write_config(TrainConfig(data=["a.h5"], run="run"))
                source = path.read_bytes()
                look = RunFolder(tmp_path).read_config
            case _:
                source = OPTIONS
                look = partial(parse, "train", "", TrainConfig, ["--config", str(path)])
        path.write_bytes(source)
        return path, look

    return of


def used(path: Path) -> None:
    optuna = pytest.importorskip("optuna")
    optuna.logging.disable_default_handler()
    sweep = read_sweep(path)
    sweep.config(sweep.draw(optuna.create_study().ask()), "run")


def rewritten(data: bytes, generator: torch.Generator) -> bytes:
    """YAML with values at random places replaced, or left out."""
    content = yaml.safe_load(data)
    for _ in range(1 + draw(2, generator)):
        node, holder, key = content, None, None
        while isinstance(node, dict | list) and node and (holder is None or draw(3, generator)):
            holder = node
            key = draw(len(node), generator)
            key = list(node)[key] if isinstance(node, dict) else key
            node = node[key]
        if holder is None:
            continue
        match draw(6, generator):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, dict):
                holder[VALUES[draw(11, generator)]] = holder.pop(key)
            case _:
                holder[key] = VALUES[draw(len(VALUES), generator)]
    return yaml.safe_dump(content, allow_unicode=True).encode()


def draw(most: int, generator: torch.Generator) -> int:
    return int(torch.randint(most, (1,), generator=generator))


@pytest.mark.slow
@pytest.mark.fuzz
@pytest.mark.parametrize("change", ["bytes", "values"])
@pytest.mark.parametrize("kind", KINDS)
def test_damaged_options_end_in_one_line(read, kind, change, mutated, end_in_one_line):
    path, look = read(kind)
    look()
    end_in_one_line(path, mutated if change == "bytes" else rewritten, look)
