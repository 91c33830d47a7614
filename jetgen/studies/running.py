"""Run the steps of a study: each once, independent ones at the same time."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from pathlib import Path

from jetgen import __version__
from jetgen.errors import InputError
from jetgen.files.lock import locked
from jetgen.files.progress import progress_bar
from jetgen.files.whole import write_json
from jetgen.registry import allowed_modules
from jetgen.runs.folder import RunFolder
from jetgen.studies.definition import Step, Study

_STAMPS = "steps.json"
_DONE, _BEGUN = "done", "begun"


def run_steps(study: Study, workers: int) -> None:
    """Run every step that is not done yet; the output of a step is written to ``logs/``.

    A step is done if the same command has finished before with the same configuration files and
    the same earlier steps. An interrupted training is resumed; any other incomplete output is
    removed and made again. A study removes only files in its folder that it has recorded as its
    own.

    Raises:
        InputError: when the folder holds something else, a step would write outside of it or
            replace something else, or a step fails; this message names the command and the log.
    """
    with locked(study.folder.resolve()):
        _run_steps(study, workers)


def _run_steps(study: Study, workers: int) -> None:
    stamps = _Stamps(study.folder)
    for step in study.steps:
        stamps.require_own(step)
    study.folder.mkdir(parents=True, exist_ok=True)
    keys = _keys(study)
    waiting = [
        index
        for index, step in enumerate(study.steps)
        if stamps.state(step, keys[index]) != _DONE or not step.makes.exists()
    ]
    running: dict[Future[None], int] = {}
    with (
        progress_bar("steps") as bar,
        ThreadPoolExecutor(workers) as pool,
        _lifeline() as lifeline,
    ):
        task = bar.add_task(study.name, total=len(study.steps), note="")
        bar.advance(task, len(study.steps) - len(waiting))
        while waiting or running:
            for index in list(waiting):
                if len(running) < workers and not _blocked(index, study.steps, waiting, running):
                    waiting.remove(index)
                    step = study.steps[index]
                    words = _words(step, begun=stamps.state(step, keys[index]) == _BEGUN)
                    stamps.set(step, keys[index], _BEGUN)
                    log = study.folder / "logs" / f"{index + 1:02}.txt"
                    future = pool.submit(_run, step, words, log, workers, lifeline)
                    running[future] = index
            bar.update(task, note=", ".join(study.steps[i].makes.name for i in running.values()))
            for future in wait(running, return_when=FIRST_COMPLETED).done:
                index = running.pop(future)
                future.result()
                stamps.set(study.steps[index], keys[index], _DONE)
                bar.advance(task)


def _blocked(
    index: int, steps: Sequence[Step], waiting: Sequence[int], running: dict[Future[None], int]
) -> bool:
    return any(
        earlier < index and steps[index].needs(steps[earlier])
        for earlier in (*waiting, *running.values())
    )


def _words(step: Step, *, begun: bool) -> list[str]:
    """The command of a step, empty if it is done; removes an incomplete output."""
    if begun and step.words[0] == "train":
        run = RunFolder(step.makes)
        if _succeeds(run.load_model):
            return []
        if _succeeds(run.read_config):
            return [*step.words, "--resume"]
    if step.makes.is_dir():
        shutil.rmtree(step.makes)
    else:
        step.makes.unlink(missing_ok=True)
    return list(step.words)


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


def _run(step: Step, words: Sequence[str], log: Path, workers: int, lifeline: int) -> None:
    if not words:
        return
    log.parent.mkdir(parents=True, exist_ok=True)
    plugins = [f"--plugin={module}" for module in allowed_modules()]
    threads = max(1, (os.cpu_count() or 1) // workers)
    with log.open("w", encoding="utf-8") as output:
        print("jetgen", *words, file=output, flush=True)
        done = subprocess.run(
            [sys.executable, "-m", "jetgen.cli.step", *words, *plugins],
            stdin=lifeline,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            check=False,
        )
    if done.returncode:
        lines = log.read_text(encoding="utf-8").strip().splitlines()
        raise InputError(f"jetgen {' '.join(words)}: failed; {lines[-1]} ({log} has the rest)")
    if not step.makes.exists():
        raise InputError(f"jetgen {' '.join(words)}: expected the output {step.makes}, found none")


def _keys(study: Study) -> list[str]:
    """A hash per step, of its command, the study's files that it names, and the steps it needs."""
    keys: list[str] = []
    for index, step in enumerate(study.steps):
        digest = hashlib.sha256(json.dumps([__version__, step.words]).encode())
        for word in step.words:
            path = Path(word)
            if path.is_file() and study.definition.resolve() in path.resolve().parents:
                digest.update(path.read_bytes())
        for earlier in range(index):
            if step.needs(study.steps[earlier]):
                digest.update(keys[earlier].encode())
        keys.append(digest.hexdigest())
    return keys


class _Stamps:
    """A file with, for each output, the key of the step that made it and whether it is complete.

    Args:
        folder: the folder of the study: new, empty, or with this file.

    Raises:
        InputError: for any other folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.path = folder, folder / _STAMPS
        self.states: dict[str, list[str]] = {}
        if self.path.exists():
            self.states = self._read()
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise InputError(
                f"{folder}: expected a new or empty folder, or one of this study (with "
                f"{_STAMPS}), found something else; choose another `output`"
            )

    def _read(self) -> dict[str, list[str]]:
        try:
            found = json.loads(self.path.read_text(encoding="utf-8"))
            return {str(made): [str(key), str(state)] for made, (key, state) in found.items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise InputError(
                f"{self.path}: expected a list of finished steps, found something else; "
                "choose another `output`"
            ) from error

    def require_own(self, step: Step) -> None:
        """Raise :class:`InputError` if a step would replace what the study did not make."""
        if self.folder.resolve() not in step.makes.resolve().parents:
            raise InputError(
                f"{step.makes}: expected an output in the study's folder "
                f"{self.folder}; write {{folder}}/NAME in its command"
            )
        if step.makes.exists() and step.makes.as_posix() not in self.states:
            raise InputError(
                f"{step.makes}: expected no such path, or an output of this study, found "
                "something else; move it away, or choose another `output`"
            )

    def state(self, step: Step, key: str) -> str | None:
        made_by, state = self.states.get(step.makes.as_posix(), ("", None))
        return state if made_by == key else None

    def set(self, step: Step, key: str, state: str) -> None:
        self.states[step.makes.as_posix()] = [key, state]
        write_json(self.path, self.states)
