"""Which kernels run: the environment variable ``JETGEN_KERNELS`` is torch, triton or auto."""

from __future__ import annotations

import functools
import importlib
import os
from typing import NamedTuple

import torch
from torch import Tensor

from jetgen.errors import InputError

LARGEST = 1024
"""Particles of one set up to which the transport kernels hold a jet on chip."""


class Choice(NamedTuple):
    """``kernels`` is torch or triton, and ``reason`` says why in a few words."""

    kernels: str
    reason: str


def choose_kernels(device: torch.device) -> Choice:
    """The kernels for tensors on ``device``.

    ``auto``, the default, is triton on CUDA devices where it can be imported. ``triton`` asks for
    it: on a CPU that takes Triton's interpreter (``TRITON_INTERPRET=1``, for tests, very slow).

    Raises:
        InputError: for another value, and where triton is asked for but cannot run.
    """
    wanted = os.environ.get("JETGEN_KERNELS", "auto")
    if wanted not in ("torch", "triton", "auto"):
        raise InputError(f"JETGEN_KERNELS: expected torch, triton or auto, received {wanted!r}")
    if wanted == "torch":
        return Choice("torch", "JETGEN_KERNELS=torch")
    interpreted = os.environ.get("TRITON_INTERPRET") == "1"
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
    """Whether a loss of this tensor runs on the Triton kernels."""
    return choose_kernels(tensor.device).kernels == "triton"


def use_triton_transport(x: Tensor, y: Tensor) -> bool:
    """:func:`use_triton` for the transport kernels, which end at ``LARGEST`` particles a set.

    Raises:
        InputError: for larger sets where ``JETGEN_KERNELS=triton`` asks for the kernels.
    """
    if not use_triton(x):
        return False
    most = max(x.shape[1], y.shape[1])
    if most > LARGEST and os.environ.get("JETGEN_KERNELS") == "triton":
        raise InputError(
            f"JETGEN_KERNELS=triton: expected at most {LARGEST} particles a set, "
            f"received {most}; choose JETGEN_KERNELS=auto or torch"
        )
    return most <= LARGEST


@functools.cache
def _import_problem() -> str:
    try:
        importlib.import_module("triton")
    except Exception as error:  # a broken installation raises anything
        return f"no triton ({type(error).__name__}: {error})"
    return ""
