"""Trainings on a device that is not the CPU, in a process of their own."""

import os
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.slow
@pytest.mark.parametrize("rooms", ["objectives", "training devices/counted_reads.py"])
def test_everything_trains_generates_and_resumes_there(passes_in_another_process, rooms):
    options = ["-p", "pretended_device", "-m", "device"]
    path = os.pathsep.join(filter(None, [str(HERE), os.environ.get("PYTHONPATH")]))
    passes_in_another_process(
        *options, *(HERE.parent / room for room in rooms.split()), PYTHONPATH=path
    )
