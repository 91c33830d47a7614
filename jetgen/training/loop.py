"""The one plain loop that every objective is trained in, stage after stage."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import torch
from lightning_fabric import Fabric
from rich.progress import Progress
from torch import nn
from torch.optim import Optimizer

from jetgen import processes
from jetgen.config.train import TrainConfig
from jetgen.errors import InputError, TrainingError, UnfinishedError
from jetgen.files.checkpoint import Checkpoint, optimiser_tensors, restore_optimiser
from jetgen.files.progress import progress_bar
from jetgen.objectives.base import Loss, Means, Objective
from jetgen.objectives.model import JetModel
from jetgen.runs.folder import RunFolder
from jetgen.runs.health import UNFINISHED, Finding, read_health, warn_of, write_health
from jetgen.sharing import shared, size
from jetgen.training.averaging import Average
from jetgen.training.divergence import Divergence
from jetgen.training.loggers import logger_of, scalars
from jetgen.training.monitoring import Monitor

Observer = Callable[[Mapping[str, Any]], None]


class Batches(NamedTuple):
    """What a stage trains on.

    Args:
        training: the shuffled batches of an epoch.
        validation: the fixed validation batches.
        validated: number of jets in these.
    """

    training: Callable[[torch.Generator], Iterator[Any]]
    validation: Callable[[], Iterable[Any]]
    validated: int


MINIMUM_STEPS = 100
"""Batches that a stage must have trained on when its time limit ends it; all its epochs do too."""


class Stage(NamedTuple):
    """One objective trained for some epochs.

    Args:
        name: in metrics and messages.
        objective: what is trained.
        prepare: makes the batches when the stage begins.
        epochs: at most.
        time_limit: seconds of training, counted from the first stage, after which it ends.
        monitor: figures to follow, if any.
        share: seconds that it has from its own start, even beyond ``time_limit``.
    """

    name: str
    objective: Objective
    prepare: Callable[[], Batches]
    epochs: int
    time_limit: float
    monitor: Monitor | None
    share: float = 0.0


@dataclass
class _Running:
    """A stage under way.

    Args:
        index: its place among the stages.
        stage: what is trained.
        data: its batches.
        turns: one per player, as Fabric wraps it.
        optimisers: one per player; their state is part of a checkpoint.
        stepped: the same, as Fabric wraps them.
        rates: the factor on the learning rate of each player.
        start: seconds of training before it began.
        epoch: epochs done.
        step: batches done.
        best: the smallest score after an epoch so far.
        since_best: epochs done since then.
    """

    index: int
    stage: Stage
    data: Batches
    turns: dict[str, Any]
    optimisers: dict[str, Optimizer]
    stepped: dict[str, Any]
    rates: dict[str, float]
    start: float
    epoch: int = 0
    step: int = 0
    best: float = math.inf
    since_best: int = 0

    @property
    def deadline(self) -> float:
        """Seconds of training after which the stage ends."""
        return max(self.stage.time_limit, self.start + self.stage.share)

    def state(self) -> dict[str, Any]:
        """What a checkpoint holds beside tensors."""
        return {
            "stage": self.index,
            "stage_name": self.stage.name,
            "epoch": self.epoch,
            "step": self.step,
            "best": self.best,
            "since_best": self.since_best,
            "stage_start": self.start,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """The inverse of :meth:`state`."""
        self.epoch, self.step = state["epoch"], state["step"]
        self.best = state["best"] if state["best"] is not None else math.inf
        self.since_best = state["since_best"]
        if "stage_start" in state:
            self.start = state["stage_start"]
        else:  # format 1 has the seconds of the stage
            self.start = state["elapsed"] - state["stage_seconds"]


class Turn(nn.Module):
    """The parameters of one player, whose forward pass computes a loss.

    With several processes each gradient is then averaged in the turn of its player, and only there.
    """

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        super().__init__()
        self.own = nn.ParameterList(parameters)

    def forward(self, loss: Callable[[], Loss]) -> Loss:
        return loss()


class Loop:
    """Runs stages one after the other, with one row of metrics and one checkpoint an epoch.

    Everything random in an epoch follows from the seed, the stage and the epoch, so that a
    resumed run goes on as if it had not been interrupted.

    The clock of the time limit runs from the first stage to the last: preparation, steps,
    validation, figures and checkpoints. Steps end so early that what follows an epoch fits too.

    With several processes, each one computes its share of every batch (:mod:`jetgen.sharing`). The
    first one decides when a stage ends, computes monitored figures, and writes.
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
        self.closing = 0.0  # the longest that validation, figures and checkpoints took so far
        self.earlier = 0.0  # seconds of training before an interruption
        self.started = time.monotonic()
        self.average: Average | None = None
        self.findings: list[Finding] = []

    @property
    def elapsed(self) -> float:
        """Seconds of training so far."""
        return self.earlier + time.monotonic() - self.started

    def run(self, stages: list[Stage], resumed: Checkpoint | None = None) -> None:
        """Train every stage, from the beginning or from a ``last`` checkpoint."""
        first = 0
        self.started = time.monotonic()
        if resumed is not None:
            if resumed.state["finished"]:
                raise InputError(f"{self.folder.path}: nothing to resume, this run is finished")
            self.model.load_state_dict(resumed.part("model"))
            self.rows = list(self.folder.read_metrics())
            self.findings = read_health(self.folder.health_file)
            self.earlier = resumed.state["elapsed"]
            self.closing = resumed.state.get("closing", 0.0)
            first = resumed.state["stage"]
            self.rows = self.rows[: resumed.state["rows"]]
        processes.copied_from_first(*self.model.state_dict().values())
        with progress_bar("epochs", shown=processes.first()) as bar:
            for index, stage in enumerate(stages):
                if index >= first:
                    self._run_stage(index, stage, bar, resumed if index == first else None)
        processes.by_first(self._finish)

    def _finish(self) -> None:
        """Write that the training is complete."""
        if self.logger is not None:
            self.logger.finalize("success")
        best = Checkpoint.load(self.folder.best)
        self._save(self.folder.best, {}, {**best.state, "finished": True})
        self._save(self.folder.last, {}, {**best.state, "finished": True})
        warn_of(self.findings, self.folder.path)

    def _run_stage(
        self, index: int, stage: Stage, bar: Progress, resumed: Checkpoint | None
    ) -> None:
        run = self._begin(index, stage, resumed)
        if index and resumed is None:  # from here on `best` is of this stage, so `last` must be
            state = self._state(run)
            processes.by_first(partial(self._save, self.folder.last, run.optimisers, state))
        task = bar.add_task(stage.name, total=stage.epochs, completed=run.epoch, note="")
        while not self._is_over(run):
            row, rate = self._train_epoch(run)
            steps_done = self.elapsed
            score, note = self._measure(run, row)
            self._record(run, row | rate | {"seconds": round(self.elapsed, 2)}, score)
            self.closing = max(self.closing, self.elapsed - steps_done)
            bar.update(task, completed=run.epoch, note=note)
        self._end(run)
        bar.update(task, total=run.epoch, completed=run.epoch)

    def _begin(self, index: int, stage: Stage, resumed: Checkpoint | None) -> _Running:
        """The stage before its first epoch, or as a checkpoint holds it."""
        start = self.elapsed
        players = stage.objective.players()
        optimisers: dict[str, Optimizer] = {
            name: player.build(self.config.learning_rate) for name, player in players.items()
        }
        turns, stepped = {}, {}
        for name, player in stage.objective.players().items():
            turn = Turn(player.parameters)
            turns[name], stepped[name] = self.fabric.setup(turn, optimisers[name])
        averaging = stage.objective.averaging
        self.average = Average(stage.objective, averaging) if averaging else None
        if resumed is not None:
            for name, optimiser in optimisers.items():
                restore_optimiser(optimiser, resumed.part(f"optimiser.{name}"))
            if self.average is not None:
                self.average.restore(resumed.part("average"))
        run = _Running(
            index=index,
            stage=stage,
            data=stage.prepare(),
            turns=turns,
            optimisers=optimisers,
            stepped=stepped,
            rates={name: player.rate for name, player in players.items()},
            start=start,
        )
        if resumed is not None:
            run.restore(resumed.state)
        if stage.monitor is not None:
            before = self.elapsed
            processes.by_first(stage.monitor.prepare)  # about as long as measuring generated jets
            self.closing = max(self.closing, self.elapsed - before)
        return run

    def _is_over(self, run: _Running) -> bool:
        return (
            run.epoch >= run.stage.epochs
            or run.since_best >= self.config.patience
            or self._time_is_up(run, self.closing)
        )

    def _time_is_up(self, run: _Running, reserved: float) -> bool:
        """Whether what ends the stage, which takes ``reserved`` seconds, must begin now."""
        if run.deadline == math.inf:
            return False
        return bool(processes.agreed(self.elapsed >= run.deadline - reserved))

    def _out_of_time(self, run: _Running) -> bool:
        """Whether the time limit ended the stage before it had done its minimum."""
        ended = run.epoch >= run.stage.epochs or run.since_best >= self.config.patience
        return not ended and run.step < MINIMUM_STEPS

    def _train_epoch(self, run: _Running) -> tuple[dict[str, Any], dict[str, float]]:
        """One epoch of steps: its row of metrics so far, and the rates of learning and of jets.

        It ends early, after a batch, when the time is up. Until the first validation has been
        timed, a validation jet is taken to cost what a training jet costs.
        """
        started = self.elapsed
        rate = self._learning_rate(run)
        seed = self._seed(run.index, run.epoch)
        generator = torch.Generator().manual_seed(seed)
        torch.manual_seed(seed)  # dropout takes torch's own numbers
        jets, means, divergence = 0, Means(), Divergence()
        first = next(iter(run.optimisers))
        run.stage.objective.train()
        for batch in run.data.training(generator):
            for name in run.stage.objective.turns(run.step):
                named = "total" if name == first else name
                with _only(name, run.optimisers):
                    run.stepped[name].zero_grad()
                    for loss, counted in self._losses(run, name, batch, generator):
                        divergence.look(loss)
                        if self.reads_are_free:
                            self._require_finite(run, divergence)
                        means.add(loss, named, counted)
                    self._step(run, name, rate)
            run.step += 1
            if self.average is not None:
                self.average.update(run.step)
            jets += size(batch)
            seconds = self.elapsed - started
            first_time = 0.0 if self.rows else run.data.validated * seconds / jets
            if self._time_is_up(run, self.closing + first_time):
                break
        self._require_finite(run, divergence)
        run.epoch += 1
        seconds = self.elapsed - started
        row = {"stage": run.stage.name, "epoch": run.epoch, "step": run.step}
        rates = {"learning_rate": rate, "jets_per_second": round(jets / seconds, 1)}
        return row | means.values("train_"), rates

    @torch.no_grad()
    def _measure(self, run: _Running, row: dict[str, Any]) -> tuple[float, str]:
        """Add the validation and the monitored figures to ``row``; the score, and a note."""
        seed = self._seed(run.index, run.stage.epochs)  # the same noise after every epoch
        run.stage.objective.eval()
        with self._averaged(), self.fabric.autocast():
            values = run.stage.objective.validate(
                run.data.validation(), run.stage.epochs, torch.Generator().manual_seed(seed)
            )
        row |= {f"validation_{name}": value for name, value in values.items()}
        score, note = processes.agreed(values["total"]), f"loss {values['total']:.4g}"
        monitor = run.stage.monitor
        if monitor is None:
            return score, note
        with self._averaged():
            due = monitor.due(run.epoch) or self._time_is_up(run, self.closing)
            figures = processes.by_first(partial(monitor.figures, seed)) if due else {}
        row |= {f"monitor_{name}": value for name, value in figures.items()}
        if monitor.decides:
            score = figures.get(monitor.names[0], math.inf)
        return score, note + "".join(f", {name} {value:.3g}" for name, value in figures.items())

    def _record(self, run: _Running, row: dict[str, Any], score: float) -> None:
        """Note an epoch, and write its metrics and checkpoints."""
        self.rows.append(row)
        run.since_best += 1
        improved = score < run.best or run.epoch == 1
        if improved:
            run.best, run.since_best = score, 0
        processes.by_first(partial(self._write, run, row, improved))

    def _write(self, run: _Running, row: dict[str, Any], improved: bool) -> None:
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
        if improved:
            self._save(self.folder.best, {}, state)
        self._save(self.folder.last, run.optimisers, state)
        self.observe(row)

    def _state(self, run: _Running) -> dict[str, Any]:
        """What a checkpoint holds beside tensors."""
        return {
            **run.state(),
            "elapsed": self.elapsed,
            "closing": self.closing,
            "rows": len(self.rows),
            "finished": False,
        }

    def _end(self, run: _Running) -> None:
        """Go back to the best epoch, and write down what it leaves to be desired.

        Raises:
            UnfinishedError: when the time limit came before the minimum was done.
        """
        self.findings = [found for found in self.findings if found.stage != run.stage.name]
        if self._out_of_time(run):
            processes.by_first(partial(self._end_unfinished, run))
        processes.by_first(self._load_best)
        processes.copied_from_first(*self.model.state_dict().values())
        if self.average is not None:
            processes.copied_from_first(*self.average.weights.values())
        self.findings += processes.by_first(partial(self._findings, run))
        processes.by_first(partial(write_health, self.folder.health_file, self.findings))

    def _end_unfinished(self, run: _Running) -> NoReturn:
        text = f"the time limit came after {run.step} of at least {MINIMUM_STEPS} steps"
        finding = Finding(run.stage.name, UNFINISHED, text)
        write_health(self.folder.health_file, [*self.findings, finding])
        raise UnfinishedError(
            f"{self.folder.path}: {finding}; `jetgen.train(run={str(self.folder.path)!r}, "
            f"resume=True, time_limit=MINUTES)` goes on, with more than "
            f"{self.config.time_limit:g} minutes"
        )

    def _load_best(self) -> None:
        best = Checkpoint.load(self.folder.best)
        self.model.load_state_dict(best.part("model"))
        if self.average is not None:
            self.average.restore(best.part("average"))

    @torch.no_grad()
    def _findings(self, run: _Running) -> list[Finding]:
        """What the objective finds wrong with itself after its training."""
        objective, name = run.stage.objective.eval(), run.stage.name
        history = [row for row in self.rows if row["stage"] == name]
        generator = torch.Generator().manual_seed(self._seed(run.index, run.stage.epochs))
        with self._averaged():
            found = objective.findings(history, run.data.validation(), generator)
        return [Finding(name, kind, text) for kind, text in found.items()]

    def _averaged(self) -> AbstractContextManager[None]:
        """The averaged weights in the place of the weights, where there are any."""
        return nullcontext() if self.average is None else self.average.applied()

    def _learning_rate(self, run: _Running) -> float:
        """By the share of the stage that is over, of its epochs or its time, whichever is more."""
        if self.config.schedule == "constant" or run.epoch == 0:
            return self.config.learning_rate
        time_used = (self.elapsed - run.start) / (run.deadline - self.closing - run.start)
        progress = max(run.epoch / run.stage.epochs, processes.agreed(time_used))
        return self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, progress)))

    def _seed(self, stage: int, epoch: int) -> int:
        """Of an epoch, in the range of torch's generators."""
        return ((self.config.seed * 1_000_003 + stage) * 1_000_003 + epoch) % 2**64

    def _losses(
        self, run: _Running, player: str, batch: Any, generator: torch.Generator
    ) -> Iterator[tuple[Loss, int]]:
        """The loss of every piece of a batch, and how many of its jets count; adds the gradients.

        The noise is that of the whole batch for each piece.
        """
        turn, whole, objective = run.turns[player], size(batch), run.stage.objective
        pieces = min(self.config.accumulate, whole)
        begin = generator.get_state(), torch.get_rng_state()
        for piece in range(pieces):
            if piece:
                generator.set_state(begin[0])
                torch.set_rng_state(begin[1])
            with (
                shared(batch, piece, pieces) as (part, share),
                self.fabric.no_backward_sync(turn, enabled=piece < pieces - 1),
            ):
                loss = turn(partial(objective.loss, player, part, run.epoch, generator))
                # processes average their gradients
                mean = loss.total[: share.counted].sum() / (whole / processes.count())
                self.fabric.backward(mean)
            yield loss, share.counted

    def _step(self, run: _Running, player: str, rate: float) -> None:
        optimiser = run.stepped[player]
        if self.config.clip:
            self.fabric.clip_gradients(
                run.turns[player], optimiser, max_norm=self.config.clip, error_if_nonfinite=False
            )
        for group in optimiser.param_groups:
            group["lr"] = rate * run.rates[player]
        optimiser.step()

    def _diagnose(self, run: _Running) -> None:
        name = run.stage.name
        cause = run.stage.objective.diagnosis([r for r in self.rows if r["stage"] == name])
        if cause is not None:
            raise TrainingError(
                f"training of the {name} stopped after epoch {run.epoch}: {cause}; the best "
                f"checkpoint so far is kept in {self.folder.best}"
            )

    def _require_finite(self, run: _Running, divergence: Divergence) -> None:
        found = divergence.culprits()
        every = processes.all_of((divergence.good, found) if found else None)
        if not any(every):
            return
        _, culprits = min(one for one in every if one)
        processes.by_first(partial(self._end_diverged, run, culprits))

    def _end_diverged(self, run: _Running, culprits: list[str]) -> NoReturn:
        kept = (
            f"the checkpoint of the epoch before is kept in {self.folder.last.parent}"
            if self.folder.last.exists()
            else "there is no earlier checkpoint"
        )
        raise TrainingError(
            f"training of the {run.stage.name} diverged in epoch {run.epoch + 1}: "
            f"{', '.join(culprits)} is not finite; {kept}; try a smaller `learning_rate`, a "
            "smaller `clip`, or smaller weights of the terms"
        )

    def _save(self, path: Path, optimisers: dict[str, Optimizer], state: dict[str, Any]) -> None:
        tensors = {f"model.{name}": t for name, t in self.model.state_dict().items()}
        if self.average is not None:
            tensors |= {f"average.{name}": t for name, t in self.average.weights.items()}
        for name, optimiser in optimisers.items():
            tensors |= optimiser_tensors(f"optimiser.{name}", optimiser)
        Checkpoint(tensors, {**state, "data": self.model.layout.description()}).save(path)


@contextmanager
def _only(name: str, optimisers: dict[str, Optimizer]) -> Iterator[None]:
    """Gradients for the parameters of one optimiser alone, within the block."""
    others = [
        parameter
        for other, optimiser in optimisers.items()
        if other != name
        for group in optimiser.param_groups
        for parameter in group["params"]
        if parameter.requires_grad
    ]
    for parameter in others:
        parameter.requires_grad_(False)
    try:
        yield
    finally:
        for parameter in others:
            parameter.requires_grad_(True)
