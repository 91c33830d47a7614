"""Options are named as in Python by the library, and as flags by the command line."""

import ast
import re
from pathlib import Path

import pytest

import jetgen
from jetgen.cli.main import main
from jetgen.cli.translation import to_command_line
from jetgen.config.generate import GenerateConfig
from jetgen.config.train import TrainConfig

TEXTS = {
    "time_limit: expected a number": "--time-limit: expected a number",
    "beta_warmup=20 is long": "--beta-warmup 20 is long",
    "go on with resume=True.": "go on with --resume.",
    "try resume=False": "try --no-resume",
    "a smaller `clip`, or `latent_weight`": "a smaller --clip, or --latent-weight",
    "prior='flow', not `other`": "--prior flow, not `other`",
    "region='mass > 150'": "--region 'mass > 150'",
    "condition=['mass', 'pt']": "--condition mass pt",
    "columns=('px', 'py')": "--columns px,py",
    "beta=0.015; else": "--beta 0.015; else",
    "condition['type']: expected": "--condition type: expected",
    "loss='bce': expected": "--loss bce: expected",
    "received 'beta=3' in x/beta=3, alpha=3": "received 'beta=3' in x/beta=3, alpha=3",
    "cut short: beta=(": "cut short: beta=(",
    "`jetgen.train(run='a b', resume=True)` goes on": "`jetgen train --run 'a b' --resume` goes on",
    "`jetgen.generate('runs/a', fix={'n': 30})`": "`jetgen generate runs/a --fix n=30`",
    "`jetgen.train(..., prior=NAME)`": "`jetgen train ... --prior NAME`",
    "with `jetgen.registry.allow('my.module')`": "with --plugin my.module",
    "`jetgen.evaluate` and `jetgen.TrainConfig`": "`jetgen evaluate` and `jetgen.TrainConfig`",
}


@pytest.mark.parametrize("text", TEXTS)
def test_options_become_flags(text):
    assert to_command_line(text, TrainConfig) == TEXTS[text]


def test_only_the_options_of_the_command_at_hand_are_translated():
    text = "runs: expected `runs`, runs=FOLDER, seed=3 and beta=3"
    expected = "runs: expected runs, FOLDER, --seed 3 and beta=3"
    assert to_command_line(text, GenerateConfig) == expected


def test_python_and_command_line_each_speak_their_language(tmp_path, capsys):
    with pytest.raises(jetgen.errors.InputError, match=r"^time_limit: expected a positive number"):
        TrainConfig(time_limit=-1)
    assert main(["train", "--time-limit", "-1"]) == 2
    expected = "jetgen: error: --time-limit: expected a positive number, received -1.0"
    assert capsys.readouterr().err.strip() == expected


SHELL = {"jetgen/studies/definition.py", "jetgen/studies/running.py"}
"""The steps of a study are words of a shell."""


def test_the_library_names_no_flags():
    root = Path(jetgen.__file__).parent
    said = []
    for path in root.rglob("*.py"):
        name = path.relative_to(root.parent).as_posix()
        if name.startswith("jetgen/cli/") or name in SHELL:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            text = getattr(node, "value", None)
            if isinstance(text, str) and not text.startswith("pip install "):
                said += [f"{name}:{node.lineno}: {flag}" for flag in re.findall(r"--[a-z]+", text)]
    assert said == []


def test_every_call_in_a_message_is_one_of_the_command_line():
    """The options in ```jetgen.train(...)``` exist, so that the command can be copied."""
    root = Path(jetgen.__file__).parent
    calls = 0
    for path in root.rglob("*.py"):
        for text in re.findall(r"`jetgen\.train\((.*?)\)`", path.read_text(encoding="utf-8")):
            names = set(re.findall(r"(\w+)=", text))
            assert names <= set(TrainConfig.__dataclass_fields__), (path, text)
            calls += 1
    assert calls >= 3
