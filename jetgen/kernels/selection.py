"""Choice of the kernels: the environment variable ``JETGEN_KERNELS`` is torch, triton or auto."""

from __future__ import annotations

import functools
import importlib
import os
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.errors import InputError


class Choice(NamedTuple):
    """``kernels`` is torch or triton, ``reason`` a short explanation."""

    kernels: str
    reason: str


def choose_kernels(device: torch.device) -> Choice:
    """The kernels for tensors on ``device``.

    ``auto``, the default, is triton on CUDA devices if it can be imported. ``triton`` requires it:
    on a CPU this needs Triton's interpreter (``TRITON_INTERPRET=1``, very slow, for tests).

    Raises:
        InputError: for any other value, and if triton is required but cannot run.
    """
    wanted = os.environ.get("JETGEN_KERNELS", "auto")
    if wanted not in ("torch", "triton", "auto"):
        raise InputError(f"JETGEN_KERNELS: expected torch, triton or auto, received {wanted!r}")
    if wanted == "torch":
        return Choice("torch", "JETGEN_KERNELS=torch")
    interpreted = _interpreted()
    if wanted == "auto":
        if device.type != "cuda":
            return Choice("torch", f"tensors on {device.type}")
        problem = _import_problem()
        return Choice("torch", problem) if problem else Choice("triton", "tensors on cuda")
    problem = _import_problem()
    if not problem and device.type != "cuda" and not interpreted:
        problem = f"tensors on {device.type}"
    if problem:
        raise InputError(
            f"JETGEN_KERNELS=triton: expected tensors on cuda and the triton package, "
            f"received {problem}; choose JETGEN_KERNELS=auto or torch"
        )
    return Choice("triton", "JETGEN_KERNELS=triton" + ", interpreted" * interpreted)


def use_triton(tensor: Tensor) -> bool:
    """Whether losses of this tensor use the Triton kernels."""
    return choose_kernels(tensor.device).kernels == "triton"


def can_run_triton(tensor: Tensor) -> bool:
    """:func:`use_triton` for observables, which never require Triton on the CPU.

    A training on CUDA computes the observables of its generated jets on the CPU, so only losses
    enforce ``JETGEN_KERNELS=triton``.
    """
    return (tensor.device.type == "cuda" or _interpreted()) and use_triton(tensor)


def _interpreted() -> bool:
    return os.environ.get("TRITON_INTERPRET") == "1"


@functools.cache
def _import_problem() -> str:
    try:
        importlib.import_module("triton")
    except Exception as error:  # a broken installation may raise anything
        return f"no triton ({type(error).__name__}: {error})"
    return ""
