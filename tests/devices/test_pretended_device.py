"""Trainings on a device that is not the CPU, in a process of their own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
TRAININGS = [TESTS / "test_objectives.py", TESTS / "test_training.py"]


@pytest.mark.slow
def test_everything_trains_generates_and_resumes_there():
    command = [sys.executable, "-m", "pytest", "-q", "-p", "pretended_device"]
    done = subprocess.run(
        [*command, "-p", "no:cacheprovider", "-k", "trains", *map(str, TRAININGS)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
        cwd=TESTS.parent,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
    assert "skipped" not in done.stdout
