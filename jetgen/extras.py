"""Packages that only some commands need, and the extras of jetgen that install them."""

from __future__ import annotations

from importlib import import_module
from typing import Any, NamedTuple

from jetgen.errors import InputError


class OptionalPackage(NamedTuple):
    """One optional package.

    Args:
        distribution: its name for pip.
        extra: the extra of jetgen that installs it.
        purpose: what it is for.
    """

    distribution: str
    extra: str
    purpose: str


OPTIONAL = {
    "pythia8mc": OptionalPackage("pythia8mc", "simulate", "simulation"),
    "optuna": OptionalPackage("optuna", "sweep", "sweeps"),
    "zstandard": OptionalPackage("zstandard", "compress", "compressed jets"),
    "torch_geometric": OptionalPackage("torch-geometric", "pyg", "the pyg backend of EdgeConv"),
    "pyarrow": OptionalPackage("pyarrow", "parquet", "Parquet files"),
    "hdf5plugin": OptionalPackage("hdf5plugin", "lhco", "HDF5 data compressed by blosc or bzip2"),
    "tensorboard": OptionalPackage("tensorboard", "tensorboard", "logs for TensorBoard"),
    "wandb": OptionalPackage("wandb", "wandb", "logs for Weights & Biases"),
    "onnx": OptionalPackage("onnx", "export", "export"),
    "onnxruntime": OptionalPackage("onnxruntime", "export", "the check of exported models"),
    "onnxscript": OptionalPackage("onnxscript", "export", "export"),
    "distributed": OptionalPackage("distributed", "dask", "Dask clusters"),
    "blosc2": OptionalPackage("blosc2", "blosc2", "a reference of the compression study"),
}
"""Optional packages by the name under which they are imported."""


def require_package(module: str) -> Any:
    """Import a module of an optional package.

    Args:
        module: its full name, such as ``"optuna"`` or ``"pyarrow.parquet"``.

    Raises:
        InputError: when the package is missing or cannot be loaded; the message names the extra.
    """
    name = module.partition(".")[0]
    package = OPTIONAL[name]
    try:
        return import_module(module)
    except ImportError as error:
        raise InputError(
            f"{package.purpose}: expected the package {package.distribution}, found none that can "
            f"be imported ({error}); {install_command(name)}"
        ) from error


def install_command(name: str) -> str:
    """The line that installs a package of :data:`OPTIONAL`."""
    return f"pip install 'jetgen[{OPTIONAL[name].extra}]'"
