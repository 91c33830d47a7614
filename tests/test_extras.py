"""Packages that are missing: one line that names the extra; the extras hold what they promise."""

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from jetgen.errors import InputError
from jetgen.extras import OPTIONAL, require_package

PYPROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text())
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
CORE = PYPROJECT["project"]["dependencies"]

COMMANDS = {
    "pythia8mc": ["simulate", "gluon", "--jets", "10", "--output", "missing.h5"],
    "optuna": ["sweep", "missing.yaml"],
    "onnx": ["export", "missing", "missing.onnx"],
    "zstandard": ["compress", "missing.h5", "missing.jgz", "--run", "missing"],
}
"""A command for each package that a whole command needs."""


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_missing_package_gives_one_line_with_its_extra(name, monkeypatch):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError) as caught:
        require_package(name)
    message = str(caught.value)
    assert f"expected the package {OPTIONAL[name].distribution}, " in message
    assert message.endswith(f"pip install 'jetgen[{OPTIONAL[name].extra}]'")
    assert "\n" not in message


@pytest.mark.parametrize("name", OPTIONAL)
def test_the_extra_installs_the_package_and_a_plain_installation_does_not(name):
    package = OPTIONAL[name]
    assert [line for line in EXTRAS[package.extra] if line.startswith(package.distribution + ">=")]
    assert not [line for line in CORE if line.startswith(package.distribution)]


def test_all_holds_every_extra_that_a_command_can_use():
    (line,) = EXTRAS["all"]
    assert set(line.removeprefix("jetgen[").removesuffix("]").split(",")) == {
        package.extra for package in OPTIONAL.values()
    } - {"blosc2", "export", "tensorboard", "wandb"}


@pytest.mark.smoke
@pytest.mark.parametrize("name", COMMANDS)
def test_the_command_that_needs_it_says_so(name, tmp_path):
    code = (
        f"import sys; sys.modules[{name!r}] = None\n"
        "from jetgen.cli.main import main\n"
        f"sys.exit(main({COMMANDS[name]!r}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("jetgen: error: ") and f"jetgen[{OPTIONAL[name].extra}]" in line
