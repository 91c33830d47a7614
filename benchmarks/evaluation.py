"""Seconds per part and peak memory of ``jetgen evaluate`` and ``jetgen report``.

The jets are those of data/gluon.h5, up to 150 particles, repeated with small changes. Wall seconds,
and processor seconds of all threads and of the processes that cluster, between two messages of
progress, and the largest resident memory in between (Linux only; without those processes). Each
size and command has a process of its own.

    python benchmarks/evaluation.py
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import resource
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from measuring import RESULTS, write_rows
from tiled import tiled

PARTICLES = 150


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--jets", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--commands", nargs="+", default=["evaluate", "report"])
    parser.add_argument("--folder", type=Path, help="for the files (default: a temporary one)")
    parser.add_argument("--output", type=Path, default=RESULTS / "evaluation.csv")
    options = parser.parse_args()
    os.environ |= {"OMP_WAIT_POLICY": "passive", "OPENBLAS_THREAD_TIMEOUT": "4"}  # as jetgen does
    rows: list[dict[str, object]] = []
    with tempfile.TemporaryDirectory() as temporary:
        for jets in options.jets:
            folder = options.folder or Path(temporary)
            real, generated = (str(tiled(jets, PARTICLES, seed, folder)) for seed in (1, 2))
            for command in options.commands:
                with multiprocessing.get_context("spawn").Pool(1) as pool:
                    for row in pool.apply(measured, (command, real, generated, jets)):
                        print(row, flush=True)
                        rows.append(row)
    write_rows(options.output, rows)


def measured(command: str, real: str, generated: str, jets: int) -> list[dict[str, object]]:
    """A row per part and one for all of them, with the peak of the resident memory."""
    spent: dict[str, float] = defaultdict(float)
    passed: dict[str, float] = defaultdict(float)
    peaks: dict[str, int] = defaultdict(int)
    part, start = "import and read", (processor_seconds(), time.perf_counter())

    def progress(text: str) -> None:
        nonlocal part, start
        now = processor_seconds(), time.perf_counter()
        spent[part] += now[0] - start[0]
        passed[part] += now[1] - start[1]
        peaks[part] = max(peaks[part], peak())
        part, start = "draw" if text.startswith("draw ") else text.partition(" (")[0], now

    from jetgen.config.evaluate import EvaluateConfig
    from jetgen.config.report import ReportConfig
    from jetgen.datasets import read
    from jetgen.evaluation.command import evaluate_jets
    from jetgen.reports.command import _report_files

    if command == "evaluate":
        options = EvaluateConfig(generated, real=real, jets=jets)
        names = {"real": real, "generated": generated}
        clouds = {name: read(path, jets=jets, seed=options.seed) for name, path in names.items()}
        evaluate_jets(clouds, options, progress)
    else:
        with tempfile.TemporaryDirectory() as folder:
            files = ReportConfig(real=real, generated=[generated], jets=jets, output=folder)
            _report_files(files, {}, progress)
    progress("")
    about = {"command": command, "jets": jets}
    spent["all"], passed["all"] = sum(spent.values()), sum(passed.values())
    peaks["all"] = max(peaks.values())
    return [
        {
            **about, "part": name, "cpu_s": round(seconds, 1), "wall_s": round(passed[name], 1),
            "peak_mb": peaks[name],
        }
        for name, seconds in spent.items()
    ]  # fmt: skip


def processor_seconds() -> float:
    """Those of this process and of its children that have ended."""
    both = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def peak() -> int:
    """MB of the largest resident memory since the last call."""
    lines = Path("/proc/self/status").read_text().splitlines()
    Path("/proc/self/clear_refs").write_text("5")
    return next(int(line.split()[1]) // 1024 for line in lines if line.startswith("VmHWM:"))


if __name__ == "__main__":
    main()
