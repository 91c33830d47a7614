"""A pytest plugin: trainings run on a pretended device, which refuses to mix with the CPU.

Its tensors are of another device as far as torch can see, and compute on the CPU. An operation
between them and tensors of the CPU raises, as it would on a GPU; so does a generator of the CPU
where numbers are drawn there. ``pytest -p pretended_device`` with this folder on the path.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from functools import partial
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import Optimizer
from torch.utils._pytree import tree_flatten, tree_map
from torch.utils.backend_registration import (
    _DummyBackendModule,
    _setup_privateuseone_for_python_backend,
)

aten = torch.ops.aten
BETWEEN_DEVICES = {aten.copy_.default, aten._to_copy.default, aten.index.Tensor}
"""Operations that take tensors of the CPU beside those of a device."""


class Backend(_DummyBackendModule):
    def get_amp_supported_dtype(self) -> list[torch.dtype]:
        return [torch.bfloat16]


_setup_privateuseone_for_python_backend("pretended", backend_module=Backend())
DEVICE = torch.device("pretended:0")


class Pretended(Tensor):
    """A tensor of the device around one of the CPU."""

    raw: Tensor

    @staticmethod
    def __new__(cls, raw: Tensor) -> Pretended:
        made = Tensor._make_wrapper_subclass(
            cls,
            raw.size(),
            strides=raw.stride(),
            storage_offset=raw.storage_offset(),
            dtype=raw.dtype,
            device=DEVICE,
        )
        made.raw = raw
        return made

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return compute(operation, *args, **(kwargs or {}))

    def tolist(self) -> Any:
        global reads
        reads += 1
        return self.raw.tolist()


reads = 0
"""How often numbers have been read back from the device, for which a GPU would have to wait."""


def compute(operation: Any, *args: Any, **kwargs: Any) -> Any:
    """An operation of the device, on what its tensors hold."""
    global reads
    if operation not in BETWEEN_DEVICES:
        for value in tree_flatten((args, kwargs))[0]:
            if isinstance(value, Tensor) and not isinstance(value, Pretended) and value.dim():
                raise RuntimeError(f"{operation}: a tensor of {value.device} among {DEVICE}")
    if kwargs.get("generator") is not None:
        raise RuntimeError(f"{operation}: a generator of the CPU on {DEVICE}")
    leaves = operation is aten._to_copy.default and torch.device(
        kwargs.get("device") or DEVICE
    ) == torch.device("cpu")
    reads += leaves or operation is aten._local_scalar_dense.default
    given = {k: v for k, v in kwargs.items() if k not in ("device", "pin_memory")}
    if "device" in kwargs:
        given["device"] = "cpu"
    result = operation(*tree_map(_raw, args), **tree_map(_raw, given))
    written = [
        kwargs.get(argument.name, args[place] if place < len(args) else None)
        for place, argument in enumerate(operation._schema.arguments)
        if argument.alias_info is not None and argument.alias_info.is_write
    ]
    if written and all(r.alias_info is not None for r in operation._schema.returns):
        return written[0] if len(written) == 1 else tuple(written)
    return result if leaves else tree_map(_pretend, result)


def _raw(value: Any) -> Any:
    return value.raw if isinstance(value, Pretended) else value


def _pretend(value: Any) -> Any:
    return Pretended(value) if type(value) is Tensor else value


_library = torch.library.Library("_", "IMPL")
_library.fallback(compute, "PrivateUse1")


def _moved(make: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """The same tensors, made on the CPU first."""

    def made(*args: Any, device: Any = None, **kwargs: Any) -> Tensor:
        result = make(*args, **kwargs)
        return result if device is None else result.to(device)

    return made


for _name in ("tensor", "as_tensor", "arange", "full", "linspace", "eye"):
    setattr(torch, _name, _moved(getattr(torch, _name)))  # their kernels do not reach the fallback


class Fabric:
    """What the training loop asks of Lightning's, for one process and full precision."""

    device = DEVICE

    def __init__(self, **_: Any) -> None:
        pass

    def setup(self, module: nn.Module, *optimisers: Any) -> tuple[Any, ...]:
        return module, *optimisers

    def autocast(self) -> Any:
        return nullcontext()

    def no_backward_sync(self, module: nn.Module, enabled: bool) -> Any:
        return nullcontext()

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def clip_gradients(self, _: nn.Module, optimiser: Optimizer, **limits: Any) -> None:
        moved = [p for group in optimiser.param_groups for p in group["params"]]
        nn.utils.clip_grad_norm_(moved, **limits)


@pytest.fixture(autouse=True)
def on_the_device(monkeypatch: pytest.MonkeyPatch) -> None:
    import jetgen.compression.command
    import jetgen.generation.command
    import jetgen.runs.trained_model
    import jetgen.training.launch

    for room in (jetgen.training.launch, jetgen.generation.command, jetgen.compression.command):
        monkeypatch.setattr(room, "choose_device", lambda wanted: str(DEVICE))
    monkeypatch.setattr(jetgen.training.launch, "Fabric", Fabric)
    monkeypatch.setattr(jetgen, "load", partial(jetgen.runs.trained_model.load, device=str(DEVICE)))
