"""``jetgen doctor``: devices, kernels, packages, cores and memory of this machine."""

from __future__ import annotations

import importlib.metadata
import os
import platform
import sys
from typing import TYPE_CHECKING, NamedTuple

import torch

from jetgen.components import REGISTRIES
from jetgen.errors import InputError
from jetgen.extras import OPTIONAL, install_command
from jetgen.kernels.selection import choose_kernels
from jetgen.losses.search import may_compile

if TYPE_CHECKING:
    from rich.table import Table

PACKAGES = {
    **{
        package.distribution: (package.purpose, install_command(name))
        for name, package in OPTIONAL.items()
    },
    "fastjet": ("jets", "pip install fastjet"),
    "triton": ("kernels on CUDA devices", "pip install triton"),
    "EnergyFlow": ("the reference of the polynomials in tests", "pip install 'EnergyFlow>=1.4,<2'"),
    "torch-scatter": (
        "faster torch_geometric layers",
        "pip install --no-build-isolation 'torch-scatter>=2.1'",
    ),
}
"""The purpose of each package, and how to install it."""


class Finding(NamedTuple):
    """One line of the output: a name, and what was found."""

    name: str
    found: str


def examine() -> list[Finding]:
    """All lines of ``jetgen doctor``, from top to bottom."""
    kinds = ("cpu", "cuda") if torch.cuda.is_available() else ("cpu",)
    return [
        Finding("jetgen", importlib.metadata.version("jetgen")),
        Finding("Python", f"{platform.python_version()} ({sys.executable})"),
        Finding("torch", f"{torch.__version__}, built for {_build()}"),
        *_devices(),
        *(Finding(f"kernels on {device}", _kernels(device)) for device in kinds),
        Finding("Chamfer on cpu", _search()),
        *(Finding(name, _package(name, *about)) for name, about in PACKAGES.items()),
        *_plugins(),
        Finding("cores", f"{_cores()} usable, torch uses {torch.get_num_threads()}"),
        Finding("memory", _memory()),
    ]


def table(findings: list[Finding]) -> Table:
    """The findings, for the terminal."""
    from rich.markup import escape
    from rich.table import Table

    result = Table.grid(padding=(0, 2))
    for name, found in findings:
        result.add_row(name, escape(found))
    return result


def _build() -> str:
    if torch.version.cuda:
        return f"CUDA {torch.version.cuda}"
    hip = getattr(torch.version, "hip", None)
    return f"ROCm {hip}" if hip else "CPU only"


def _devices() -> list[Finding]:
    if not torch.cuda.is_available():
        return [Finding("CUDA devices", "none")]
    devices = []
    for k in range(torch.cuda.device_count()):
        properties = torch.cuda.get_device_properties(k)
        about = (
            f"{properties.name}, {properties.total_memory / 2**30:.0f} GiB, "
            f"compute capability {properties.major}.{properties.minor}"
        )
        devices.append(Finding(f"cuda:{k}", about))
    return devices


def _kernels(device: str) -> str:
    try:
        choice = choose_kernels(torch.device(device))
    except InputError as error:
        return str(error)
    return f"{choice.kernels} ({choice.reason})"


def _search() -> str:
    if may_compile():
        return "compiled with Inductor in long trainings"
    return "in chunks (JETGEN_KERNELS=torch, or no C++ compiler with Python's headers)"


def _plugins() -> list[Finding]:
    """The components of other packages, and whether each can be imported."""
    found = []
    for registry in REGISTRIES:
        for name in registry.installed():
            try:
                registry[name]
                about = f"{name} of {registry.origin(name)}"
            except InputError as error:
                about = str(error)
            found.append(Finding(f"{registry.kind} of another package", about))
    return found or [Finding("components of other packages", "none")]


def _package(name: str, purpose: str, remedy: str) -> str:
    try:
        return f"{importlib.metadata.version(name)} ({purpose})"
    except importlib.metadata.PackageNotFoundError:
        return f"not installed ({purpose}): {remedy}"


def _cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _memory() -> str:
    try:
        size = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return "unknown"
    return f"{size / 2**30:.1f} GiB"
