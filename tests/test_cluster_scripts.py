"""The scripts for batch systems parse, and their commands have the options that they use."""

import ast
import dataclasses
import re
import shlex
import subprocess
from importlib import import_module
from pathlib import Path

import pytest

from jetgen.cli.commands import COMMANDS
from jetgen.cli.parser import parse
from jetgen.config.generate import GenerateConfig
from jetgen.configs import FOLDER
from jetgen.registry import resolve

SCRIPTS = {path.name: path for path in sorted((FOLDER / "cluster").iterdir()) if path.is_file()}


def of_kind(suffix):
    return [name for name in SCRIPTS if name.endswith(suffix)]


def require_command(line):
    """The options of a command of jetgen are parsed."""
    words = shlex.split(line)
    parse(words[0], "", resolve(COMMANDS[words[0]].options), words[1:])


def commands(text):
    """The commands of jetgen in a script, with the continued lines and arrays of bash."""
    text = text.replace("\\\n", " ")
    arrays = re.findall(r"options=\((.*)\)", text) or [""]
    for found in re.findall(rf"\bjetgen ((?:{'|'.join(COMMANDS)}) [^\n]*)", text):
        for array in arrays:
            yield found.replace('"${options[@]}"', array)


@pytest.mark.parametrize("name", of_kind(".sh"))
def test_a_shell_script_parses_and_its_commands_exist(name):
    text = SCRIPTS[name].read_text()
    subprocess.run(["bash", "-n", SCRIPTS[name]], check=True)
    found = list(commands(text))
    assert found
    for line in found:
        require_command(line)
    assert all(re.match(r"#SBATCH --[\w-]+=\S+$", line) for line in re.findall("#SBATCH.*", text))


@pytest.mark.parametrize("name", of_kind(".sub"))
def test_a_submit_file_parses_and_its_command_exists(name):
    lines = [line for line in SCRIPTS[name].read_text().splitlines() if line[:1] not in ("#", "")]
    *settings, queue = lines
    values = dict(re.split(r"\s*=\s*", line, maxsplit=1) for line in settings)
    assert re.fullmatch(r"queue \d+", queue)
    arguments = values["arguments"].strip('"')
    assert arguments.startswith("jetgen ")
    require_command(arguments.removeprefix("jetgen ").replace("$(Process)", "7"))


@pytest.mark.parametrize("name", of_kind(".py"))
def test_a_python_script_calls_functions_and_options_that_exist(name):
    tree = ast.parse(SCRIPTS[name].read_text())
    options = {field.name for field in dataclasses.fields(GenerateConfig)}
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    ours = [call for call in calls if ast.unparse(call.func).startswith("jetgen.")]
    assert ours
    for call in ours:
        assert hasattr(import_module("jetgen"), call.func.attr)
        assert {keyword.arg for keyword in call.keywords} <= options


def test_torchrun_and_dask_have_the_options_of_the_scripts():
    from torch.distributed.run import get_args_parser

    line = SCRIPTS["slurm_train.sh"].read_text().replace("\\\n", " ")
    words = shlex.split(line.partition("torchrun")[2].splitlines()[0])
    parsed = get_args_parser().parse_args(words)
    assert parsed.module and parsed.training_script == "jetgen"
    worker = pytest.importorskip("distributed.cli.dask_worker").main
    known = {option for parameter in worker.params for option in parameter.opts}
    known |= {option for parameter in worker.params for option in parameter.secondary_opts}
    (line,) = re.findall(r"dask worker ([^&]*)", SCRIPTS["slurm_dask.sh"].read_text())
    assert {word for word in shlex.split(line) if word.startswith("--")} <= known


def test_the_scaling_page_names_every_script():
    page = (Path(__file__).parents[1] / "docs/scaling.md").read_text()
    assert all(f"`{name}`" in page for name in SCRIPTS)
