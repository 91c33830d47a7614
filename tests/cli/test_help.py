"""What ``--help`` shows: groups, defaults, and an example that works."""

import re
import shlex

import pytest

from jetgen.cli.commands import COMMANDS
from jetgen.cli.main import main
from jetgen.cli.parser import parse
from jetgen.registry import resolve


@pytest.mark.parametrize("name", COMMANDS)
def test_help_ends_with_an_example_that_is_understood(name, capsys):
    assert main([name, "--help"]) == 0
    printed = capsys.readouterr().out.rstrip()
    command = COMMANDS[name]
    assert printed.endswith(f"example:\n  {command.example}")
    assert "<" not in re.sub(r"[<>]=?\s", "", printed), "no objects of Python"
    program, called, *words = shlex.split(command.example)
    assert (program, called) == ("jetgen", name)
    parse(name, "", resolve(command.options), words)


def test_options_of_train_stand_in_groups_common_ones_first(capsys):
    main(["train", "--help"])
    lines = capsys.readouterr().out.splitlines()
    titles = [line for line in lines if re.fullmatch(r"[a-z][a-z ]*:", line)]
    expected = ["data", "model", "loss", "adversarial training", "averaging and flow matching"]
    expected = [f"{title}:" for title in ["options", *expected, "prior", "training"]]
    assert [title for title in titles if title != "example:"] == expected
    common = lines[lines.index("options:") : lines.index("data:")]
    for flag in ("--data", "--loss", "--prior", "--epochs", "--time-limit"):
        assert any(line.strip().startswith(flag) for line in common), flag
    assert lines[0] == "usage: jetgen train [options]" and "example:" in lines[:6]
    assert any("(default: 0)" in line for line in common), "a zero is a default"
