"""Options from Python: values of the wrong type and misspelt names are named in one line."""

import dataclasses
import math
import typing
from pathlib import Path

import numpy as np
import pytest
import torch

import jetgen
from jetgen.cli.commands import COMMANDS
from jetgen.cli.main import main
from jetgen.cloud import CARTESIAN, ParticleCloud
from jetgen.config import reading
from jetgen.config.option import given_options
from jetgen.errors import InputError, did_you_mean
from jetgen.registry import resolve

CLOUD = ParticleCloud(torch.ones(1, 2, 3), torch.ones(1, 2, dtype=torch.bool), CARTESIAN)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"data": CLOUD}, "data: expected names of files, received the type ParticleCloud"),
        ({"data": [CLOUD]}, "data: expected names of files, received the type ParticleCloud"),
        ({"data": [3]}, "data: expected names of files, received the type int"),
        ({"epochs": "5"}, "epochs: expected int, received '5'"),
        ({"epochs": True}, "epochs: expected int, received True"),
        ({"beta": "much"}, "beta: expected float, received 'much'"),
        ({"columns": (1, 2)}, "columns: expected names, or a list of names, received a tuple"),
        ({"resume": 1}, "resume: expected bool, received 1"),
        ({"map": {"pt": 1}}, "map: expected a mapping of names to names, received a dict"),
    ],
)
def test_values_of_another_type_are_refused_in_one_line(given, message):
    with pytest.raises(InputError) as error:
        jetgen.TrainConfig(**given)
    assert message in str(error.value) and "\n" not in str(error.value)


REQUIRED = {"sample": "gluon", "output": "model.onnx", "window": "1:2"}
"""Values of required options, where not any text will do."""

DECLARED = [
    (command, field.name)
    for command, entry in COMMANDS.items()
    for field in dataclasses.fields(resolve(entry.options))
]


@pytest.mark.parametrize(("command", "name"), DECLARED)
def test_every_option_of_every_command_refuses_values_of_another_type(command, name):
    options = resolve(COMMANDS[command].options)
    given = {
        field.name: REQUIRED.get(field.name, "text")
        for field in dataclasses.fields(options)
        if field.default is field.default_factory is dataclasses.MISSING
    }
    values = [object()]
    if "float" in str(typing.get_type_hints(options)[name]):
        values += [math.nan, math.inf, -math.inf, 10**400, 1e300, "1e999"]
    if "int" in str(typing.get_type_hints(options)[name]):
        values += [2**60, -(2**60), 10**400]
    for value in values:
        with pytest.raises(InputError, match=f"^{name}: expected .*, received"):
            options(**{**given, name: value})


def test_a_folder_of_the_user_is_expanded_and_the_standard_output_refused():
    config = jetgen.TrainConfig(data=["~/a.h5", Path("~/b.h5")], run="~/run")
    home = str(Path.home())
    assert config.data == [f"{home}/a.h5", f"{home}/b.h5"] and config.run == f"{home}/run"
    for command in ("simulate", "generate", "compress", "train"):
        options = resolve(COMMANDS[command].options)
        name = "run" if command == "train" else "output"
        given = {field.name: "gluon" for field in dataclasses.fields(options) if field.default is
                 field.default_factory is dataclasses.MISSING}  # fmt: skip
        with pytest.raises(InputError, match=f"{name}: expected a name, as it is no text"):
            options(**{**given, name: "-"})


def test_values_get_the_type_of_their_option():
    config = jetgen.TrainConfig(
        data=Path("a.h5"),
        columns="pt, eta",
        representation="features",
        transform={"pt": "log"},
        epochs=np.int64(3),
        beta=1,
    )
    assert config.data == ["a.h5"] and config.columns == ("pt", "eta")
    assert config.transform == ["pt=log"] and type(config.epochs) is int
    assert type(config.beta) is float


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("pT", ["pt", "eta"], "; did you mean 'pt'?"),
        ("mas", ["mass", "pt"], "; did you mean 'mass'?"),
        ("girth", ["mass", "pt"], ""),
        ("x", [], ""),
    ],
)
def test_nearly_known_names_are_suggested(name, known, expected):
    assert did_you_mean(name, known) == expected


def test_a_condition_written_otherwise_is_suggested():
    cloud = CLOUD.with_conditions({jetgen.Feature("pt", "GeV"): torch.ones(1)})
    with pytest.raises(InputError, match=r"expected one of pt; did you mean 'pt'\?"):
        cloud.condition("pT")


def test_a_representation_that_is_given_is_never_replaced(capsys):
    words = ["train", "--data", "x.h5", "--columns", "px,py,pz", "--representation", "relative"]
    assert main(words) == 2
    message = "--representation: expected features (or none named) with --columns or --target"
    assert message in capsys.readouterr().err
    assert jetgen.TrainConfig(columns=("px",)).representation == "features"
    assert jetgen.TrainConfig().representation == "relative"
    for config in (jetgen.TrainConfig(), jetgen.TrainConfig(columns=("px",))):
        assert "representation" not in given_options(config)
    assert "representation" in given_options(jetgen.TrainConfig(representation="cartesian"))


@pytest.mark.parametrize(
    ("command", "names"),
    [
        ("train", {"map", "allow", "first", "select", "drop_missing"}),
        ("evaluate", {"map", "allow", "first", "select", "drop_missing"}),
        ("report", {"map", "allow", "first", "select", "drop_missing"}),
        ("latent", {"map", "allow", "first", "select", "drop_missing"}),
        ("compress", {"map", "allow"}),  # all jets of a file
        ("inspect", {"map"}),  # says what is odd and refuses nothing
    ],
)
def test_commands_that_read_files_share_their_options(command, names):
    fields = {each.name: each for each in dataclasses.fields(resolve(COMMANDS[command].options))}
    assert fields.keys() & {"map", "allow", "first", "select", "drop_missing"} == names
    for name in names:
        assert fields[name].metadata["help"] == getattr(reading, f"{name.upper()}_HELP")


def test_numbers_and_choices_are_what_yaml_and_numpy_make_of_them():
    config = jetgen.TrainConfig(learning_rate="1e-4", first=np.bool_(True), epochs=np.int64(3))
    assert (config.learning_rate, config.first, config.epochs) == (1e-4, True, 3)
    for given in ({"device": None}, {"solver": None}, {"learning_rate": "fast"}):
        with pytest.raises(InputError, match=f"{next(iter(given))}: expected .* received"):
            jetgen.TrainConfig(**given)
    assert jetgen.TrainConfig(log=None).log is None
