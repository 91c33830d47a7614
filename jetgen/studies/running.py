"""Run the steps of a study: each once, independent ones at the same time."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from jetgen import __version__
from jetgen.datasets.dask_cluster import dask_executor
from jetgen.errors import InputError
from jetgen.files.chunks import chunks_of
from jetgen.files.folders import make_folder
from jetgen.files.lock import locked
from jetgen.files.progress import progress_bar
from jetgen.files.whole import sha256
from jetgen.registry import allowed_modules
from jetgen.runs.folder import RunFolder
from jetgen.studies.definition import Step, Study
from jetgen.studies.stamps import BEGUN, DONE, Stamps, remove


def run_steps(study: Study, workers: int, dask: str | None = None) -> None:
    """Run every step that is not done yet; the output of a step is written to ``logs/``.

    A step is done if the same command has finished before with the same configuration files and
    the same earlier steps. Interrupted trainings, simulations and generations are resumed; any
    other incomplete output is removed and made again. A study removes only files in its folder
    that it has recorded as its own. Outputs of earlier runs with other settings that no step makes
    now, such as further seeds, wait in ``unused/`` until they are needed again, so that no
    conclusion counts them.

    Args:
        study: the steps.
        workers: number of steps that run at the same time on this machine.
        dask: cluster whose workers run them instead, one each, in the same folders as here; a step
            of a worker that dies goes on in another one.

    Raises:
        InputError: when the folder holds something else, a step would write outside of it or
            replace something else, or a step fails; this message names the command and the log.
    """
    pool = _here(workers) if dask is None else _on_cluster(dask)
    with locked(study.folder.resolve()), pool as chosen:
        _run_steps(study, chosen)


class _Pool(NamedTuple):
    """Where steps run: how to start one, and how many run at the same time at the moment."""

    start: Callable[[Step, Path], Future[None]]
    room: Callable[[], int]


@contextmanager
def _here(workers: int) -> Iterator[_Pool]:
    with ThreadPoolExecutor(workers) as threads, _lifeline() as lifeline:

        def start(step: Step, log: Path) -> Future[None]:
            return threads.submit(_run, step, log, _surroundings(workers), lifeline)

        yield _Pool(start, lambda: workers)


@contextmanager
def _on_cluster(dask: str) -> Iterator[_Pool]:
    with dask_executor(dask) as (executor, room):

        def start(step: Step, log: Path) -> Future[None]:
            return executor.submit(_run_there, step, log, _surroundings(room()))

        yield _Pool(start, room)


def _run_steps(study: Study, pool: _Pool) -> None:
    stamps = Stamps(study.folder)
    for step in study.steps:
        stamps.require_own(step)
    make_folder(study.folder)
    stamps.set_aside(study.steps)
    keys = _keys(study)
    waiting = [
        index
        for index, step in enumerate(study.steps)
        if stamps.state(step, keys[index]) != DONE or not step.makes.exists()
    ]
    for index in waiting:
        if stamps.state(study.steps[index], keys[index]) != BEGUN:
            stamps.require_no_other(study.steps[index])
    running: dict[Future[None], int] = {}
    with progress_bar("steps") as bar:
        task = bar.add_task(study.name, total=len(study.steps), note="")
        bar.advance(task, len(study.steps) - len(waiting))
        while waiting or running:
            for index in list(waiting):
                if len(running) < pool.room() and not _blocked(
                    index, study.steps, waiting, running
                ):
                    waiting.remove(index)
                    step = study.steps[index]
                    if stamps.state(step, keys[index]) != BEGUN:
                        stamps.remove(step)
                    stamps.set(step, keys[index], BEGUN)
                    log = study.folder.absolute() / "logs" / f"{index + 1:02}.txt"
                    running[pool.start(step, log)] = index
            bar.update(task, note=", ".join(study.steps[i].makes.name for i in running.values()))
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                index = running.pop(future)
                future.result()
                stamps.set(study.steps[index], keys[index], DONE)
                bar.advance(task)


def _blocked(
    index: int, steps: Sequence[Step], waiting: Sequence[int], running: dict[Future[None], int]
) -> bool:
    return any(
        earlier < index and steps[index].needs(steps[earlier])
        for earlier in (*waiting, *running.values())
    )


def _words(step: Step, output: Path) -> list[str]:
    """The command of a step or of what is left of it, empty if it is done."""
    if step.words[0] == "train":
        run = RunFolder(output)
        if _succeeds(run.load_model):
            return []
        if _succeeds(run.read_config):
            return [*step.words, "--resume"]
    remove(output, RunFolder.is_of_training)
    return [*step.words, "--resume"] if chunks_of(output).exists() else list(step.words)


def _succeeds(read: Callable[[], object]) -> bool:
    try:
        read()
    except InputError:
        return False
    return True


@contextmanager
def _lifeline() -> Iterator[int]:
    """A standard input for steps that ends them: it closes when this block or process ends."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)


class _Surroundings(NamedTuple):
    """What a step needs in another process.

    Args:
        folder: that its paths start from.
        plugins: modules that it may import.
        workers: number of steps that may share a machine.
    """

    folder: Path
    plugins: tuple[str, ...]
    workers: int


def _surroundings(workers: int) -> _Surroundings:
    return _Surroundings(Path.cwd(), tuple(allowed_modules()), workers)


def _run_there(step: Step, log: Path, here: _Surroundings) -> None:
    """Run a step in a worker, with which it ends; one of a worker that died may end just now."""
    with locked(here.folder / step.makes, wait=True):
        pass
    with _lifeline() as lifeline:
        _run(step, log, here, lifeline)


def _run(step: Step, log: Path, here: _Surroundings, lifeline: int) -> None:
    """Run a step, or what is left of it."""
    output_of_step = here.folder / step.makes
    words = _words(step, output_of_step)
    if not words:
        return
    make_folder(log.parent)
    plugins = [f"--plugin={module}" for module in here.plugins]
    threads = max(1, (os.cpu_count() or 1) // here.workers)
    with log.open("w", encoding="utf-8") as output:
        print("jetgen", *words, file=output, flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "jetgen.cli.step", *words, *plugins],
            stdin=lifeline,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            cwd=here.folder,
            check=False,
        )
    if done.returncode:
        lines = log.read_text(encoding="utf-8").strip().splitlines()
        raise InputError(f"jetgen {' '.join(words)}: failed; {lines[-1]} ({log} has the rest)")
    if not output_of_step.exists():
        raise InputError(f"jetgen {' '.join(words)}: expected the output {step.makes}, found none")


def _keys(study: Study) -> list[str]:
    """A hash per step, of its command, the files of the study or of the user that it names, and
    the steps it needs.
    """
    given = {str(path): path for path in study.given.values()}
    keys: list[str] = []
    for index, step in enumerate(study.steps):
        digest = hashlib.sha256(json.dumps([__version__, step.words]).encode())
        for word in step.words:
            path = Path(word)
            if path.is_file() and study.definition.resolve() in path.resolve().parents:
                digest.update(path.read_bytes())
            for name in given.keys() & word.split("="):
                digest.update(sha256(given[name]).encode())
        for earlier in range(index):
            if step.needs(study.steps[earlier]):
                digest.update(keys[earlier].encode())
        keys.append(digest.hexdigest())
    return keys
