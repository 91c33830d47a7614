"""Runs the tests of the kernels through Triton's interpreter, which an environment switches on."""

from pathlib import Path

import pytest


@pytest.mark.slow
@pytest.mark.parametrize("room", ["losses", "physics"])
def test_kernels_through_the_interpreter(passes_in_another_process, room):
    pytest.importorskip("triton")
    folder = Path(__file__).parents[1] / room / "kernels"
    passes_in_another_process("-m", "triton and not gpu", folder, TRITON_INTERPRET="1")
