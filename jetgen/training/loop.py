"""The one plain loop that every objective is trained in, stage after stage."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, NoReturn

import torch
from lightning_fabric import Fabric
from rich.progress import Progress

from jetgen import processes
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError, TrainingError, UnfinishedError
from jetgen.files.checkpoint import Checkpoint
from jetgen.files.progress import progress_bar
from jetgen.objectives.base import Means
from jetgen.objectives.model import JetModel
from jetgen.runs.folder import RunFolder
from jetgen.runs.health import UNFINISHED, Finding, read_health, warn_of, write_health
from jetgen.sharing import size
from jetgen.training.clock import Clock
from jetgen.training.divergence import Divergence
from jetgen.training.loggers import logger_of, scalars
from jetgen.training.running import Running
from jetgen.training.stages import Stage
from jetgen.training.steps import Steps, gradients_only_of

Observer = Callable[[Mapping[str, Any]], None]

MINIMUM_STEPS = 100
"""Batches that a stage must have trained on when its time limit ends it; all its epochs do too."""


class Loop:
    """Runs stages one after the other, with one row of metrics and one checkpoint per epoch.

    Everything random in an epoch follows from the seed, the stage and the epoch, so that a
    resumed run goes on as if it had not been interrupted.

    With several processes, the first one decides when a stage ends, computes monitored figures, and
    writes.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder,
        model: JetModel,
        fabric: Fabric,
        observe: Observer,
    ) -> None:
        self.config, self.folder, self.model, self.observe = config, folder, model, observe
        self.fabric = fabric
        self.reads_are_free = fabric.device.type == "cpu" and processes.count() == 1
        self.logger = logger_of(config, folder.path) if processes.first() else None
        self.rows: list[dict[str, Any]] = []
        self.findings: list[Finding] = []
        self.clock = Clock()
        self.steps = Steps(fabric, config.accumulate, config.clip)

    def run(self, stages: list[Stage], resumed: Checkpoint | None = None) -> None:
        """Train every stage, from the beginning or from a ``last`` checkpoint."""
        first = 0
        self.clock.start()
        if resumed is not None:
            if resumed.state["finished"]:
                raise InputError(f"{self.folder.path}: nothing to resume, this run is finished")
            self.model.load_state_dict(resumed.part("model"))
            self.rows = list(self.folder.read_metrics())
            self.findings = read_health(self.folder.health_file)
            self.clock.restore(resumed.state)
            first = resumed.state["stage"]
            self.rows = self.rows[: resumed.state["rows"]]
        processes.copied_from_first(*self.model.state_dict().values())
        with progress_bar("epochs", shown=processes.first()) as bar:
            for index, stage in enumerate(stages[first:], first):
                run = self._run_stage(index, stage, bar, resumed if index == first else None)
        processes.by_first(partial(self._finish, run))

    def _finish(self, run: Running) -> None:
        """Write that the training, whose last stage this is, is complete."""
        if self.logger is not None:
            self.logger.finalize("success")
        best = Checkpoint.load(self.folder.best)
        for path in (self.folder.best, self.folder.last):
            self._save(path, run, {**best.state, "finished": True})
        warn_of(self.findings, self.folder.path)

    def _run_stage(
        self, index: int, stage: Stage, bar: Progress, resumed: Checkpoint | None
    ) -> Running:
        run = self._begin(index, stage, resumed)
        if index and resumed is None:  # from here on `best` is of this stage, so `last` must be
            state = self._state(run)
            processes.by_first(partial(self._save, self.folder.last, run, state, resumable=True))
        task = bar.add_task(stage.name, total=stage.epochs, completed=run.epoch, note="")
        while not self._is_over(run):
            row, rate = self._train_epoch(run)
            steps_done = self.clock.elapsed
            score, note = self._measure(run, row)
            self._record(run, row | rate | {"seconds": round(self.clock.elapsed, 2)}, score)
            self.clock.close(since=steps_done)
            bar.update(task, completed=run.epoch, note=note)
        self._end(run)
        bar.update(task, total=run.epoch, completed=run.epoch)
        if run.epoch < stage.epochs and not bar.disable:
            bar.console.print(self._why_ended(run), markup=False, soft_wrap=True)
        return run

    def _begin(self, index: int, stage: Stage, resumed: Checkpoint | None) -> Running:
        """The stage before its first epoch, or as a checkpoint holds it."""
        run = Running.begin(
            index,
            stage,
            optimiser=self.config.optimiser,
            learning_rate=self.config.learning_rate,
            fabric=self.fabric,
            start=self.clock.elapsed,
            resumed=resumed,
        )
        if stage.monitor is not None:
            before = self.clock.elapsed
            processes.by_first(stage.monitor.prepare)  # about as long as measuring generated jets
            self.clock.close(since=before)
            run.tolerance = processes.by_first(stage.monitor.fluctuation)
        return run

    def _is_over(self, run: Running) -> bool:
        return (
            run.epoch >= run.stage.epochs
            or run.since_best >= self.config.patience
            or self.clock.has_reached(run.deadline, self.clock.closing)
        )

    def _why_ended(self, run: Running) -> str:
        done = f"{run.stage.name}: ended after {run.epoch} of {run.stage.epochs} epochs"
        if run.since_best >= self.config.patience:
            return f"{done}, as the last {run.since_best} were no better"
        return f"{done} by the time limit"

    def _out_of_time(self, run: Running) -> bool:
        """Whether the time limit ended the stage before it had done its minimum."""
        ended = run.epoch >= run.stage.epochs or run.since_best >= self.config.patience
        return not ended and run.step < MINIMUM_STEPS

    def _train_epoch(self, run: Running) -> tuple[dict[str, Any], dict[str, float]]:
        """One epoch of steps: its row of metrics so far, and the rates of learning and of jets.

        It ends early, after a batch, when the time is up. Until the first validation has been
        timed, a validation jet is taken to cost what a training jet costs.
        """
        started = self.clock.elapsed
        rate = self._learning_rate(run)
        seed = seed_of(self.config.seed, run.index, run.epoch)
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)  # dropout takes torch's own numbers
        jets, means, divergence = 0, Means(), Divergence()
        where = f"{run.stage.name} diverged in epoch {run.epoch + 1}", self.folder.last
        first = next(iter(run.optimisers))
        run.stage.objective.train()
        for batch in run.data.training(generator):
            for name in run.stage.objective.turns(run.step):
                named = "total" if name == first else name
                with gradients_only_of(name, run.optimisers):
                    run.stepped[name].zero_grad()
                    for loss, counted in self.steps.losses(run, name, batch, generator):
                        divergence.look(loss)
                        if self.reads_are_free:
                            divergence.require_finite(*where)
                        means.add(loss, named, counted)
                    self.steps.take(run, name, rate)
            run.step += 1
            if run.average is not None:
                run.average.update(run.step)
            jets += size(batch)
            seconds = self.clock.elapsed - started
            first_time = 0.0 if self.rows else run.data.validated * seconds / jets
            if self.clock.has_reached(run.deadline, self.clock.closing + first_time):
                break
        divergence.require_finite(*where)
        run.epoch += 1
        seconds = self.clock.elapsed - started
        row = {"stage": run.stage.name, "epoch": run.epoch, "step": run.step}
        rates = {"learning_rate": rate, "jets_per_second": round(jets / seconds, 1)}
        return row | means.values("train_"), rates

    @torch.no_grad()
    def _measure(self, run: Running, row: dict[str, Any]) -> tuple[float, str]:
        """Add the validation and the monitored figures to ``row``; the score, and a note."""
        # the same noise after every epoch
        seed = seed_of(self.config.seed, run.index, run.stage.epochs)
        run.stage.objective.eval()
        with run.averaged(), self.fabric.autocast():
            values = run.stage.objective.validate(
                run.data.validation(), run.stage.epochs, torch.Generator().manual_seed(seed)
            )
        row |= {f"validation_{name}": value for name, value in values.items()}
        score, note = processes.agreed(values["total"]), f"loss {values['total']:.4g}"
        monitor = run.stage.monitor
        if monitor is None:
            return score, note
        with run.averaged():
            last = self.clock.has_reached(run.deadline, self.clock.closing)
            due = monitor.due(run.epoch) or last
            figures = processes.by_first(partial(monitor.figures, seed)) if due else {}
        row |= {f"monitor_{name}": value for name, value in figures.items()}
        if monitor.decides:
            score = figures.get(monitor.names[0], math.inf)
        return score, note + "".join(f", {name} {value:.3g}" for name, value in figures.items())

    def _record(self, run: Running, row: dict[str, Any], score: float) -> None:
        """Note an epoch, and write its metrics and checkpoints."""
        self.rows.append(row)
        run.since_best += 1
        kept = score < run.best + run.tolerance or run.epoch == 1
        if score < run.best or run.epoch == 1:
            run.best, run.since_best = score, 0
        processes.by_first(partial(self._write, run, row, kept))

    def _write(self, run: Running, row: dict[str, Any], kept: bool) -> None:
        if not self.folder.exists():
            raise InputError(
                f"{self.folder.path}: expected the folder of this run, found that it was removed "
                "during the training"
            )
        state = self._state(run)
        self.folder.write_metrics(self.rows)
        if self.logger is not None:
            self.logger.log_metrics(scalars(row), step=len(self.rows))
            self.logger.save()
        self._diagnose(run)
        if kept:
            self._save(self.folder.best, run, state)
        every = self.config.keep_every
        if every and run.index == 0 and run.epoch % every == 0:
            self._save(self.folder.kept(run.epoch), run, state)
        self._save(self.folder.last, run, state, resumable=True)
        self.observe(row)

    def _state(self, run: Running) -> dict[str, Any]:
        """What a checkpoint holds beside tensors."""
        return {
            **run.state(),
            **self.clock.state(),
            "rows": len(self.rows),
            "finished": False,
        }

    def _end(self, run: Running) -> None:
        """Go back to the best epoch, and write down what it leaves to be desired.

        Raises:
            UnfinishedError: when the time limit came before the minimum was done.
        """
        self.findings = [found for found in self.findings if found.stage != run.stage.name]
        if self._out_of_time(run):
            processes.by_first(partial(self._end_unfinished, run))
        processes.by_first(partial(self._load_best, run))
        processes.copied_from_first(*self.model.state_dict().values())
        if run.average is not None:
            processes.copied_from_first(*run.average.weights.values())
        self.findings += processes.by_first(partial(self._findings, run))
        processes.by_first(partial(write_health, self.folder.health_file, self.findings))

    def _end_unfinished(self, run: Running) -> NoReturn:
        text = f"the time limit came after {run.step} of at least {MINIMUM_STEPS} steps"
        finding = Finding(run.stage.name, UNFINISHED, text)
        write_health(self.folder.health_file, [*self.findings, finding])
        raise UnfinishedError(
            f"{self.folder.path}: {finding}; `jetgen.train(run={str(self.folder.path)!r}, "
            f"resume=True, time_limit=MINUTES)` goes on, with more than "
            f"{self.config.time_limit:g} minutes"
        )

    def _load_best(self, run: Running) -> None:
        best = Checkpoint.load(self.folder.best)
        self.model.load_state_dict(best.part("model"))
        if run.average is not None:
            run.average.restore(best.part("average"))

    @torch.no_grad()
    def _findings(self, run: Running) -> list[Finding]:
        """What the objective finds wrong with itself after its training."""
        objective, name = run.stage.objective.eval(), run.stage.name
        history = [row for row in self.rows if row["stage"] == name]
        seed = seed_of(self.config.seed, run.index, run.stage.epochs)
        generator = torch.Generator().manual_seed(seed)
        with run.averaged():
            found = objective.findings(history, run.data.validation(), generator)
        return [Finding(name, kind, text) for kind, text in found.items()]

    def _learning_rate(self, run: Running) -> float:
        """By the share of the stage that is over, of its epochs or its time, whichever is more."""
        if self.config.schedule == "constant" or run.epoch == 0:
            return self.config.learning_rate
        available = run.deadline - self.clock.closing - run.start
        time_used = (self.clock.elapsed - run.start) / available
        progress = max(run.epoch / run.stage.epochs, processes.agreed(time_used))
        return self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))

    def _diagnose(self, run: Running) -> None:
        name = run.stage.name
        cause = run.stage.objective.diagnosis([r for r in self.rows if r["stage"] == name])
        if cause is not None:
            raise TrainingError(
                f"training of the {name} stopped after epoch {run.epoch}: {cause}; the best "
                f"checkpoint so far is kept in {self.folder.best}"
            )

    def _save(
        self, path: Path, run: Running, state: dict[str, Any], resumable: bool = False
    ) -> None:
        """Write a checkpoint, with the state of the optimisers where it is to be ``resumable``."""
        model = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors = model | run.tensors(optimisers=resumable)
        Checkpoint(tensors, {**state, "data": self.model.layout.description()}).save(path)


def seed_of(run: int, stage: int, epoch: int) -> int:
    """The seed of an epoch, in the range of torch's generators, from that of the run."""
    return ((run * 1_000_003 + stage) * 1_000_003 + epoch) % 2**64
