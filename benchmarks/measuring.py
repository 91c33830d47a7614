"""Time and memory of one turn of a benchmark, and where the results are kept."""

from __future__ import annotations

import csv
import time
from collections.abc import Callable
from itertools import accumulate
from pathlib import Path

import torch
from torch.profiler import ProfilerActivity, profile

Work = Callable[[], object]

RESULTS = Path(__file__).parent / "results"


def write_rows(path: Path, rows: list[dict[str, object]]) -> None:
    """One line for each row, and the names of the columns above."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def seconds(work: Work, clock: str) -> float:
    """Seconds of one turn: of all processor cores together for ``cpu``, passed for ``wall``."""
    read = time.process_time if clock == "cpu" else time.perf_counter
    start = read()
    work()
    return read() - start


def peak_memory(work: Work, device: str = "cpu") -> float:
    """MB that torch's tensors of one turn hold at most, beside those that were there before."""
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        work()
        return round((torch.cuda.max_memory_allocated() - before) / 1e6, 1)
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as trace:
        work()
    events = [e for e in trace.profiler.kineto_results.events() if e.name() == "[memory]"]
    held = accumulate(event.nbytes() for event in sorted(events, key=lambda e: e.start_ns()))
    return round(max(held) / 1e6, 1)
