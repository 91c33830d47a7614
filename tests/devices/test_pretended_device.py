"""Trainings on a device that is not the CPU, in a process of their own."""

from pathlib import Path

import pytest

HERE = Path(__file__).parent
TRAININGS = [HERE.parent / name for name in ("test_objectives.py", "test_training.py")]


@pytest.mark.slow
def test_everything_trains_generates_and_resumes_there(passes_in_another_process):
    options = ["-p", "pretended_device", "-k", "trains"]
    passes_in_another_process(*options, *TRAININGS, PYTHONPATH=str(HERE))
