"""``jetgen doctor`` on machines of several kinds."""

import importlib.metadata

import pytest
import torch

from jetgen.cli.main import main
from jetgen.doctor import command as doctor


def found() -> dict[str, str]:
    return dict(doctor.examine())


@pytest.fixture(autouse=True)
def automatic_kernels(monkeypatch):
    monkeypatch.delenv("JETGEN_KERNELS", raising=False)


@pytest.mark.smoke
def test_the_command_prints_every_finding(capsys):
    assert main(["doctor"]) == 0
    printed = capsys.readouterr().out
    for name in ("Python", "torch", "kernels on cpu", "fastjet", "cores", "memory"):
        assert name in printed


def test_versions_and_kernels():
    findings = found()
    assert torch.__version__ in findings["torch"]
    assert findings["kernels on cpu"] == "torch (tensors on cpu)"
    assert findings["pythia8mc"].startswith(importlib.metadata.version("pythia8mc"))


def test_a_missing_package_comes_with_the_line_that_installs_it(monkeypatch, capsys):
    def version(name: str) -> str:
        if name in doctor.PACKAGES:
            raise importlib.metadata.PackageNotFoundError(name)
        return "1.0"

    monkeypatch.setattr(importlib.metadata, "version", version)
    assert found()["torch-scatter"].endswith("'torch-scatter>=2.1'")
    main(["doctor"])
    assert "pip install 'EnergyFlow>=1.4,<2'" in " ".join(capsys.readouterr().out.split())


def test_a_bad_choice_of_kernels_is_a_finding(monkeypatch):
    monkeypatch.setenv("JETGEN_KERNELS", "fast")
    assert "expected torch, triton or auto, received 'fast'" in found()["kernels on cpu"]
    monkeypatch.setenv("JETGEN_KERNELS", "torch")
    assert found()["kernels on cpu"] == "torch (JETGEN_KERNELS=torch)"
    assert found()["Chamfer on cpu"].startswith("in chunks")


def test_cuda_devices_are_listed(monkeypatch):
    class Properties:
        name, total_memory, major, minor = "Some GPU", 80 * 2**30, 9, 0

    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "get_device_properties", lambda k: Properties)
    assert found()["cuda:0"] == "Some GPU, 80 GiB, compute capability 9.0"
