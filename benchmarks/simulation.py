"""Rate of `jetgen simulate` against bare Pythia `next()` at the same settings, side by side.

On one core the two take turns, one batch each, in CPU time of one process; simulate's turn
holds everything: events, selection, FastJet, matching, the padded cloud and the HDF5 file. Then
as many processes as asked for run each of the two at once; what counts is the CPU time of all
processes together (a machine shared with others has no wall time to speak of), without start-up.
At last one worker of a local Dask cluster, then as many as asked for: wall time without start-up,
with the processor time of all processes beside it (each worker and the writing process).

    python benchmarks/simulation.py --events 2000 --workers 2
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import resource
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from jetgen.config.simulate import SimulateConfig
from jetgen.datasets.simulation.workers import CHUNK


def one_core(config: SimulateConfig, events: int, turn: int = 50) -> dict[str, float]:
    """CPU milliseconds an event of both, and of the parts of simulate."""
    from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
    from jetgen.datasets.simulation.clustering import jets_of
    from jetgen.datasets.simulation.command import to_cloud
    from jetgen.datasets.simulation.events import batches, silent, started
    from jetgen.datasets.simulation.workers import EVENTS_PER_BATCH

    random = np.random.default_rng(1)
    spent = dict.fromkeys(("bare", "events", "jets", "file"), 0.0)
    with (
        silent(),
        tempfile.TemporaryDirectory() as folder,
        JetgenWriter(Path(folder) / "jets.h5", attributes={}) as writer,
    ):
        bare = started(config, 1)
        source = batches(started(config, 1), config, EVENTS_PER_BATCH)
        for _ in range(20):
            bare.next()
        jets_of(next(source), config, random)
        for _ in range(events // turn):
            clock = [time.process_time()]
            for _ in range(turn):
                bare.next()
            clock.append(time.process_time())
            spent["bare"] += clock[1] - clock[0]
            for _ in range(turn // EVENTS_PER_BATCH):
                clock = [time.process_time()]
                batch = next(source)
                clock.append(time.process_time())
                jets = jets_of(batch, config, random)
                clock.append(time.process_time())
                writer.append(to_cloud(jets, 0))
                clock.append(time.process_time())
                for part, cost in zip(("events", "jets", "file"), np.diff(clock), strict=True):
                    spent[part] += cost
        jets_made = writer.jets
    made = events // turn * turn
    result = {f"{part}_ms": 1e3 * seconds / made for part, seconds in spent.items()}
    total = sum(spent.values()) - spent["bare"]
    return {
        **result,
        "bare_events_per_s": made / spent["bare"],
        "simulate_events_per_s": made / total,
        "simulate_jets_per_s": jets_made / total,
        "ratio": spent["bare"] / total,
        "jets_per_event": jets_made / made,
    }


def _bare(config: SimulateConfig, seed: int, events: int, rates: multiprocessing.Queue) -> None:
    from jetgen.datasets.simulation.events import silent, started

    with silent():
        pythia = started(config, seed)
        pythia.next()
        start = time.process_time()
        for _ in range(events):
            pythia.next()
    rates.put(events / (time.process_time() - start))


def _cpu_clock() -> float:
    """CPU time of this process and of its children that have ended."""
    both = [resource.getrusage(w) for w in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


def _cpu_seconds(config: SimulateConfig) -> float:
    """CPU time of a whole simulation, its workers and its writing process together."""
    from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
    from jetgen.datasets.simulation.command import simulated_clouds

    before = _cpu_clock()
    with (
        tempfile.TemporaryDirectory() as folder,
        JetgenWriter(Path(folder) / "jets.h5", attributes={}) as writer,
    ):
        for cloud in simulated_clouds(config):
            writer.append(cloud)
    return _cpu_clock() - before


def all_cores(config: SimulateConfig, events: int, jets_per_event: float) -> dict[str, float]:
    """Events a CPU second of both, with all workers running at once."""
    from jetgen.datasets.simulation.workers import chunk_seed

    context = multiprocessing.get_context("spawn")
    rates = context.Queue()
    processes = [
        context.Process(target=_bare, args=(config, seed, events, rates))
        for seed in (chunk_seed(config.seed, k) for k in range(config.workers))
    ]
    for process in processes:
        process.start()
    bare = float(np.mean([rates.get() for _ in processes]))
    for process in processes:
        process.join()

    few = replace(config, jets=config.jets // 5)  # the difference holds no start-up
    seconds = _cpu_seconds(config) - _cpu_seconds(few)
    jets_rate = (config.jets - few.jets) / seconds
    return {
        "workers": config.workers,
        "bare_events_per_s": bare,
        "simulate_events_per_s": jets_rate / jets_per_event,
        "simulate_jets_per_s": jets_rate,
        "ratio": jets_rate / jets_per_event / bare,
    }


def _on_dask(config: SimulateConfig) -> tuple[float, float]:
    """Wall time and CPU time of all processes of a simulation on a local cluster."""
    from jetgen.datasets.simulation.command import simulate

    start = time.perf_counter(), _cpu_clock()
    with tempfile.TemporaryDirectory() as folder:
        simulate(replace(config, output=str(Path(folder) / "jets.h5")))
    return time.perf_counter() - start[0], _cpu_clock() - start[1]


def on_dask(config: SimulateConfig, jets: int) -> list[dict[str, Any]]:
    """Jets per second of one worker and of ``config.workers``; the difference of two sizes.

    Every worker makes whole chunks, as many as the others.
    """
    rows: list[dict[str, Any]] = []
    for workers in (1, config.workers):
        round_ = CHUNK["jets"] * config.workers
        cluster = replace(
            config, workers=1, dask=f"local:{workers}", jets=-(-jets // round_) * round_
        )
        few = replace(cluster, jets=round_)
        (wall, cpu), (wall_few, cpu_few) = _on_dask(cluster), _on_dask(few)
        made = cluster.jets - few.jets
        rows.append(
            {
                "run": f"gluon, Dask, {workers} workers",
                "workers": workers,
                "simulate_jets_per_s": made / (wall - wall_few),
                "simulate_jets_per_cpu_s": made / (cpu - cpu_few),
            }
        )
        first = rows[0]["simulate_jets_per_s"], rows[0]["simulate_jets_per_cpu_s"]
        rows[-1]["efficiency"] = rows[-1]["simulate_jets_per_s"] / workers / first[0]
        rows[-1]["cpu_efficiency"] = rows[-1]["simulate_jets_per_cpu_s"] / first[1]
        print(rows[-1], flush=True)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--jets", type=int, default=12_000, help="on Dask")
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/simulation.csv"))
    options = parser.parse_args()
    rows = []
    for jet_type, least in (("gluon", 0.0), ("gluon", 0.5), ("gluon", 2.0), ("top", 0.0)):
        config = SimulateConfig(sample=jet_type, output="unused.h5", min_particle_pt=least)
        row = one_core(config, options.events)
        rows.append({"run": f"{jet_type}, particles above {least:g} GeV, one core", **row})
        print(rows[-1], flush=True)
    per_event = rows[0]["jets_per_event"]
    jets = round(options.events * options.workers * per_event)
    config = SimulateConfig("gluon", "unused.h5", jets=jets, workers=options.workers)
    row = all_cores(config, options.events, per_event)
    rows.append({"run": "gluon, particles above 0 GeV, all workers at once", **row})
    print(rows[-1])
    rows += on_dask(config, options.jets)

    options.output.parent.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with options.output.open("w", newline="") as handle:
        table = csv.DictWriter(handle, names)
        table.writeheader()
        for row in rows:
            table.writerow({k: f"{v:.3f}" if isinstance(v, float) else v for k, v in row.items()})


if __name__ == "__main__":
    main()
