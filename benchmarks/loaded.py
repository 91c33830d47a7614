"""Speed of a training on a machine with other busy processes, by threads and by how they wait.

Every row is a process of its own that takes training steps of the plain ``jetgen train``. The busy
processes, endless loops of a shell, start after the first step. ``jets_per_cpu_second`` shows what
the waiting of threads costs, whatever share of the machine other users leave.

    python benchmarks/loaded.py --busy 8
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path

import torch
from measuring import RESULTS, write_rows

from jetgen.cloud import ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.datasets.loading import batches
from jetgen.objectives.building import build_objective
from jetgen.objectives.layout import Layout
from jetgen.runs.data import load_jets

DATA = Path(__file__).parents[1] / "data" / "gluon.h5"

SPINS = {"passive": {"OMP_WAIT_POLICY": "passive"}, "default": {}} | {
    str(spins): {"GOMP_SPINCOUNT": str(spins)} for spins in (100, 300, 1000, 3000, 10_000)
}
"""Environment by how often a thread looks whether the others are done before it sleeps."""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--busy", type=int, default=8, help="other processes, in turn with none")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--spins", nargs="+", choices=SPINS, default=["passive", "default"])
    parser.add_argument("--seconds", type=float, default=20, help="of each row")
    parser.add_argument("--jets", type=int, default=600)
    parser.add_argument("--data", default=str(DATA))
    parser.add_argument("--output", type=Path, default=RESULTS / "loaded.csv")
    options = parser.parse_args()
    rows = []
    for busy in dict.fromkeys((0, options.busy)):
        for threads in options.threads:
            for spins in options.spins if threads > 1 else ["passive"]:
                found = in_new_process(options, busy, threads, SPINS[spins])
                rows.append({"busy": busy, "threads": threads, "spins": spins, **found})
                print("  ".join(f"{name} {value}" for name, value in rows[-1].items()), flush=True)
    write_rows(options.output, rows)


def in_new_process(
    options: argparse.Namespace, busy: int, threads: int, waiting: dict[str, str]
) -> dict[str, float]:
    """The rates of :func:`rates` in a process with this environment of OpenMP."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("OMP_", "GOMP_"))}
    values = [options.data, options.jets, options.seconds, busy, threads]
    code = f"import json, loaded; print(json.dumps(loaded.rates(*{values!r})))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment
        | waiting
        | {"PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])},
        stdout=subprocess.PIPE,
        check=True,
    )
    return dict(json.loads(done.stdout))


def rates(data: str, jets: int, seconds: float, busy: int, threads: int) -> dict[str, float]:
    """Jets per second, and per second of processor time, of steps of the plain command's model."""
    config = TrainConfig(data=[data], jets=jets)
    torch.set_num_threads(threads)
    torch.manual_seed(config.seed)
    sets = load_jets(config)
    model = build_objective(config, Layout.of(sets, config))
    model.fit_data(sets)
    optimiser = torch.optim.Adam(model.players()["autoencoder"].parameters)
    generator = torch.Generator().manual_seed(config.seed)

    def step(batch: ParticleCloud) -> int:
        optimiser.zero_grad()
        model.loss("autoencoder", batch, 0, generator).total.mean().backward()
        optimiser.step()
        return len(batch)

    endless = chain.from_iterable(batches(sets, config.batch, generator) for _ in count())
    step(next(endless))  # warms up
    with busy_processes(busy):
        wall, processor, done = time.perf_counter(), time.process_time(), 0
        while time.perf_counter() - wall < seconds:
            done += step(next(endless))
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return {
        "jets_per_second": round(done / wall, 1),
        "jets_per_cpu_second": round(done / processor, 1),
        "cores": round(processor / wall, 2),
    }


@contextmanager
def busy_processes(number: int) -> Iterator[None]:
    """Endless loops of a shell, within the block."""
    loops = [subprocess.Popen(["sh", "-c", "while :; do :; done"]) for _ in range(number)]
    try:
        yield
    finally:
        for loop in loops:
            loop.kill()
            loop.wait()


if __name__ == "__main__":
    main()
