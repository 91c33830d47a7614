"""Networks compiled with torch.compile, for trainings that are long enough."""

from __future__ import annotations

import torch
from torch import nn

from jetgen.errors import InputError
from jetgen.files.compiled import keep_compiled_code
from jetgen.losses.search import may_compile
from jetgen.networks.base import Decoder, Encoder


def compile_networks(model: nn.Module, device: torch.device) -> None:
    """Compile the forward passes of all encoders and decoders in a model, each when first used.

    Names and values of parameters stay what they are. Batches have many sizes, so that sizes are
    variables of what is compiled.

    Raises:
        InputError: when there is no C++ compiler for a training on the CPU.
    """
    if device.type == "cpu" and not may_compile():
        raise InputError(
            "compile: expected a C++ compiler and Python's headers (`jetgen doctor` looks for "
            "them), found none; install them, or train without"
        )
    keep_compiled_code()
    for part in model.modules():
        if isinstance(part, Encoder | Decoder):
            part.compile(dynamic=True)
