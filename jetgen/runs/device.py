"""Where a command computes."""

from __future__ import annotations

import torch

from jetgen.errors import InputError


def choose_device(wanted: str) -> str:
    """``cpu`` or ``cuda`` for ``auto``, ``cpu`` or ``cuda``.

    Raises:
        InputError: when CUDA is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise InputError("device: expected a CUDA device, found none; use auto or cpu")
    return "cuda" if available and wanted != "cpu" else "cpu"
