"""Trainings on a device that is not the CPU, in a process of their own."""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent
TRAININGS = [HERE.parent / room for room in ("objectives", "training")]


@pytest.mark.slow
def test_everything_trains_generates_and_resumes_there(passes_in_another_process):
    options = ["-p", "pretended_device", "-m", "device"]
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    passes_in_another_process(*options, *TRAININGS, PYTHONPATH=path)
