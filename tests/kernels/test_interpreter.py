"""Runs the tests of the kernels through Triton's interpreter, which an environment switches on."""

from pathlib import Path

import pytest

FOLDERS = [Path(__file__).parents[1] / room / "kernels" for room in ("losses", "physics")]


@pytest.mark.slow
def test_kernels_through_the_interpreter(passes_in_another_process):
    pytest.importorskip("triton")
    passes_in_another_process("-m", "triton and not gpu", *FOLDERS, TRITON_INTERPRET="1")
