"""Which kernels are chosen, and that Triton stays out of the way until it is."""

import subprocess
import sys

import pytest
import torch

from jetgen.errors import InputError
from jetgen.kernels import selection
from jetgen.kernels.selection import choose_kernels
from jetgen.losses import chamfer

CPU, CUDA = torch.device("cpu"), torch.device("cuda")


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.delenv("JETGEN_KERNELS", raising=False)
    monkeypatch.delenv("TRITON_INTERPRET", raising=False)
    monkeypatch.setattr(selection, "_import_problem", lambda: "")


def test_automatic_choice_follows_the_device(monkeypatch):
    assert choose_kernels(CPU) == ("torch", "tensors on cpu")
    assert choose_kernels(CUDA) == ("triton", "tensors on cuda")
    monkeypatch.setattr(selection, "_import_problem", lambda: "no triton (ImportError: gone)")
    assert choose_kernels(CUDA) == ("torch", "no triton (ImportError: gone)")


def test_a_fixed_choice_is_kept_or_refused(monkeypatch):
    monkeypatch.setenv("JETGEN_KERNELS", "torch")
    assert choose_kernels(CUDA).kernels == "torch"
    monkeypatch.setenv("JETGEN_KERNELS", "triton")
    assert choose_kernels(CUDA).kernels == "triton"
    with pytest.raises(InputError, match=r"JETGEN_KERNELS=triton: .* received tensors on cpu"):
        choose_kernels(CPU)
    monkeypatch.setenv("TRITON_INTERPRET", "1")
    assert choose_kernels(CPU) == ("triton", "JETGEN_KERNELS=triton, interpreted")
    monkeypatch.setattr(selection, "_import_problem", lambda: "no triton (ImportError: gone)")
    with pytest.raises(InputError, match="received no triton"):
        choose_kernels(CUDA)


def test_another_word_is_refused_by_every_loss(monkeypatch):
    monkeypatch.setenv("JETGEN_KERNELS", "cuda")
    one, mask = torch.zeros(1, 1, 2), torch.ones(1, 1, dtype=torch.bool)
    with pytest.raises(InputError, match="expected torch, triton or auto, received 'cuda'"):
        chamfer(one, mask, one, mask)


@pytest.mark.slow
def test_losses_on_the_cpu_never_import_triton():
    code = (
        "import sys, torch; from jetgen.losses import chamfer, emd; x = torch.zeros(1, 2, 3);"
        "k = torch.ones(1, 2, dtype=bool); chamfer(x, k, x, k); emd(x, k, x, k);"
        "emd(x, k, x, k, backend='sinkhorn'); sys.exit('triton' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
