"""The wheel holds what a user of ``pip install jetgen`` needs, and nothing else."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*command, "--directory", folder], cwd=ROOT, check=True, capture_output=True)
    (path,) = folder.glob("*.whl")
    return path


def test_the_wheel_has_every_module_and_option_file_and_no_other_file(wheel):
    kinds = (".py", ".yaml", ".j2", ".css", ".js", ".typed", ".json", ".safetensors", ".sh", ".sub")
    expected = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "jetgen").rglob("*")
        if path.is_file() and path.suffix in kinds
    }
    assert "jetgen/configs/presets/vae.yaml" in expected
    with zipfile.ZipFile(wheel) as archive:
        found = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert {name for name in found if Path(name).suffix not in kinds} == set()
    assert found == expected


def test_the_wheel_is_small_without_the_trained_models(wheel):
    with zipfile.ZipFile(wheel) as archive:
        sizes = {entry.filename: entry.compress_size for entry in archive.infolist()}
    models = sum(size for name, size in sizes.items() if name.startswith("jetgen/pretrained/"))
    assert wheel.stat().st_size - models < 2e6
    assert models < 25e6
