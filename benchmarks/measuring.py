"""Time and memory of one turn of a benchmark."""

from __future__ import annotations

import time
from collections.abc import Callable
from itertools import accumulate

import torch
from torch.profiler import ProfilerActivity, profile

Work = Callable[[], object]


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
