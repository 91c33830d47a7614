"""Rate of `jetgen simulate` against bare Pythia `next()` at the same settings, side by side.

On one core the two take turns, a few seconds each, in CPU time of one process; simulate's turn
holds everything: events, selection, FastJet, matching, the padded cloud and the HDF5 file. Then
as many processes as asked for run each of the two in wall time, start-up excluded for both.

    python benchmarks/simulation.py --events 2000 --workers 2
"""

from __future__ import annotations

import argparse
import csv
import multiprocessing
import tempfile
import time
from pathlib import Path

import numpy as np

from jetgen.config.simulate import SimulateConfig


def one_core(config: SimulateConfig, events: int, turn: int = 250) -> dict[str, float]:
    """CPU milliseconds an event of both, and of the parts of simulate."""
    from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
    from jetgen.datasets.simulation import to_cloud
    from jetgen.datasets.simulation.clustering import jets_of
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
        start = time.perf_counter()
        for _ in range(events):
            pythia.next()
    rates.put(events / (time.perf_counter() - start))


def all_cores(config: SimulateConfig, events: int, jets_per_event: float) -> dict[str, float]:
    """Wall-clock events a second and worker of both."""
    from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
    from jetgen.datasets.simulation import simulated_clouds
    from jetgen.datasets.simulation.workers import worker_seeds

    context = multiprocessing.get_context("spawn")
    rates = context.Queue()
    processes = [
        context.Process(target=_bare, args=(config, seed, events, rates))
        for seed in worker_seeds(config.seed, config.workers)
    ]
    for process in processes:
        process.start()
    bare = np.mean([rates.get() for _ in processes])
    for process in processes:
        process.join()

    with (
        tempfile.TemporaryDirectory() as folder,
        JetgenWriter(Path(folder) / "jets.h5", attributes={}) as writer,
    ):
        start, first = 0.0, 0
        for cloud in simulated_clouds(config):
            writer.append(cloud)
            if not start and writer.jets > config.jets // 10:
                start, first = time.perf_counter(), writer.jets
        seconds = time.perf_counter() - start
        jets_rate = (writer.jets - first) / seconds / config.workers
    return {
        "workers": config.workers,
        "bare_events_per_s": float(bare),
        "simulate_events_per_s": jets_rate / jets_per_event,
        "simulate_jets_per_s": jets_rate,
        "ratio": jets_rate / jets_per_event / float(bare),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--events", type=int, default=2000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("benchmarks/results/simulation.csv"))
    options = parser.parse_args()
    rows = []
    for jet_type, least in (("gluon", 0.0), ("gluon", 0.5), ("gluon", 2.0), ("top", 0.0)):
        config = SimulateConfig(jet_type=jet_type, output="unused.h5", min_particle_pt=least)
        row = one_core(config, options.events)
        rows.append({"run": f"{jet_type}, particles above {least:g} GeV, one core", **row})
        print(rows[-1], flush=True)
    per_event = rows[0]["jets_per_event"]
    jets = round(options.events * options.workers * per_event)
    config = SimulateConfig("gluon", "unused.h5", jets=jets, workers=options.workers)
    row = all_cores(config, options.events, per_event)
    rows.append({"run": "gluon, particles above 0 GeV, every worker in wall time", **row})
    print(rows[-1])

    options.output.parent.mkdir(parents=True, exist_ok=True)
    names = list(dict.fromkeys(name for row in rows for name in row))
    with options.output.open("w", newline="") as handle:
        table = csv.DictWriter(handle, names)
        table.writeheader()
        for row in rows:
            table.writerow({k: f"{v:.3f}" if isinstance(v, float) else v for k, v in row.items()})


if __name__ == "__main__":
    main()
