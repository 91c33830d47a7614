"""Checkpoints: a safetensors file with all tensors, and everything else as JSON in its header."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor
from torch.optim import Optimizer

from jetgen.errors import InputError
from jetgen.files.versions import CHECKPOINT_FORMAT, CHECKSUMMED, VERSION_KEY, check_version
from jetgen.files.whole import whole_file

DIGEST = "sha256"
"""Name of the checksum of all else in the state."""


class Checkpoint(NamedTuple):
    """Named tensors, and all other state as a JSON-compatible mapping."""

    tensors: dict[str, Tensor]
    state: dict[str, Any]

    def save(self, path: Path) -> None:
        """Write the file atomically; the same content gives the same bytes.

        Raises:
            OSError: when it cannot be written, such as on a full disk.
        """
        tensors = {
            name: tensor.detach().cpu().contiguous() for name, tensor in self.tensors.items()
        }
        # One entry: safetensors writes several in random order, and equal content in equal bytes.
        state = json.loads(json.dumps({VERSION_KEY: CHECKPOINT_FORMAT, **self.state}))
        header = {"state": json.dumps({**state, DIGEST: _digest(tensors, state)})}
        with whole_file(path) as temporary:
            try:
                save_file(tensors, temporary, metadata=header)
            except SafetensorError as error:
                raise OSError(f"{path}: {error}; free disk space, then set resume=True") from error

    @classmethod
    def load(cls, path: Path) -> Checkpoint:
        """Read a checkpoint.

        Raises:
            InputError: when the file is absent, not a checkpoint of jetgen, damaged, or of a newer
                jetgen.
        """
        if not path.is_file():
            raise InputError(f"{path}: expected a checkpoint, found no such file; train first")
        try:
            with safe_open(path, framework="pt") as handle:
                header = handle.metadata()
                state = json.loads(header["state"])
                # format 2 has its number beside the state
                version = int(state.get(VERSION_KEY, header.get(VERSION_KEY, 1)))
                tensors = {name: handle.get_tensor(name) for name in handle.keys()}  # noqa: SIM118
                noted = state.pop(DIGEST, None)
        except (
            SafetensorError,
            TypeError,
            AttributeError,
            KeyError,
            ValueError,
        ) as error:
            raise InputError(f"{path}: expected a jetgen checkpoint; it cannot be read") from error
        check_version(path, version, CHECKPOINT_FORMAT)
        if (noted or version >= CHECKSUMMED) and noted != _digest(tensors, state):
            raise InputError(
                f"{path}: expected a checkpoint as it was written, found other numbers in it; it "
                "is damaged: restore it, or train again"
            )
        state.pop(VERSION_KEY, None)
        return cls(tensors, state)

    def part(self, prefix: str) -> dict[str, Tensor]:
        """The tensors whose names begin with ``prefix.``, which is removed from the names."""
        start = prefix + "."
        return {
            name.removeprefix(start): tensor
            for name, tensor in self.tensors.items()
            if name.startswith(start)
        }


def _digest(tensors: Mapping[str, Tensor], state: Mapping[str, Any]) -> str:
    """SHA-256 of the state and of the names, types, shapes and bytes of the tensors."""
    digest = hashlib.sha256(json.dumps(state, sort_keys=True).encode())
    for name, tensor in sorted(tensors.items()):
        digest.update(repr((name, tensor.dtype, tuple(tensor.shape))).encode())
        digest.update(tensor.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def optimiser_tensors(name: str, optimiser: Optimizer) -> dict[str, Tensor]:
    """The state of an optimiser as named tensors ``NAME.PARAMETER.KEY``."""
    return {
        f"{name}.{parameter}.{key}": torch.as_tensor(value)
        for parameter, values in optimiser.state_dict()["state"].items()
        for key, value in values.items()
    }


def restore_optimiser(optimiser: Optimizer, tensors: dict[str, Tensor]) -> None:
    """The inverse of :func:`optimiser_tensors`, for tensors without the prefix ``NAME.``."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        parameter, key = name.split(".", 1)
        state.setdefault(int(parameter), {})[key] = tensor
    optimiser.load_state_dict({**optimiser.state_dict(), "state": state})
