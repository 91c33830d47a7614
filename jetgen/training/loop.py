"""The one plain loop that every objective is trained in, stage after stage."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lightning_fabric import Fabric
from rich.progress import Progress
from torch.optim import Adam, Optimizer

from jetgen.config.train import TrainConfig
from jetgen.errors import InputError, TrainingError
from jetgen.files.checkpoint import Checkpoint, optimiser_tensors, restore_optimiser
from jetgen.files.progress import progress_bar
from jetgen.objectives.base import Loss, Means, Objective
from jetgen.objectives.model import JetModel
from jetgen.runs.folder import RunFolder
from jetgen.training.averaging import Average
from jetgen.training.monitoring import Monitor

Observer = Callable[[Mapping[str, Any]], None]


class Batches(NamedTuple):
    """What a stage trains on: shuffled batches of an epoch, and the fixed validation batches."""

    training: Callable[[torch.Generator], Iterator[Any]]
    validation: Callable[[], Iterable[Any]]


class Stage(NamedTuple):
    """One objective trained for some epochs; ``prepare`` makes its batches when it begins."""

    name: str
    objective: Objective
    prepare: Callable[[], Batches]
    epochs: int
    time_limit: float
    monitor: Monitor | None


class Loop:
    """Runs stages one after the other, with one row of metrics and one checkpoint an epoch.

    Everything random in an epoch follows from the seed, the stage and the epoch, so that a
    resumed run goes on as if it had not been interrupted.
    """

    def __init__(
        self,
        config: TrainConfig,
        folder: RunFolder,
        model: JetModel,
        device: str,
        observe: Observer,
    ) -> None:
        self.config, self.folder, self.model, self.observe = config, folder, model, observe
        self.fabric = Fabric(
            accelerator=device, devices=1, precision="bf16-mixed" if device == "cuda" else "32-true"
        )
        self.rows: list[dict[str, Any]] = []
        self.elapsed = 0.0
        self.average: Average | None = None

    def run(self, stages: list[Stage], resumed: Checkpoint | None = None) -> None:
        """Train every stage, from the beginning or from a ``last`` checkpoint."""
        first = 0
        if resumed is not None:
            if resumed.state["finished"]:
                raise InputError(f"{self.folder.path}: nothing to resume, this run is finished")
            self.model.load_state_dict(resumed.part("model"))
            self.rows = list(self.folder.read_metrics())
            self.elapsed = resumed.state["elapsed"]
            first = resumed.state["stage"]
            self.rows = self.rows[: resumed.state["rows"]]
        with progress_bar("epochs") as bar:
            for index, stage in enumerate(stages):
                if index >= first:
                    self._run_stage(index, stage, bar, resumed if index == first else None)
        best = Checkpoint.load(self.folder.best)
        self._save(self.folder.best, {}, {**best.state, "finished": True})
        self._save(self.folder.last, {}, {**best.state, "finished": True})

    def _run_stage(
        self, index: int, stage: Stage, bar: Progress, resumed: Checkpoint | None
    ) -> None:
        objective = stage.objective
        players = objective.players()
        optimisers: dict[str, Optimizer] = {
            name: Adam(
                player.parameters,
                lr=self.config.learning_rate,
                betas=player.betas,
                amsgrad=player.amsgrad,
            )
            for name, player in players.items()
        }
        rates = {name: player.rate for name, player in players.items()}
        module, *wrapped = self.fabric.setup(objective, *optimisers.values())
        module.mark_forward_method("loss")
        module.mark_forward_method("validate")
        stepped = dict(zip(players, wrapped, strict=True))
        self.average = Average(objective, objective.averaging) if objective.averaging else None
        step = 0
        epoch, best, since_best = 0, math.inf, 0
        if resumed is not None:
            epoch, since_best = resumed.state["epoch"], resumed.state["since_best"]
            best = resumed.state["best"] if resumed.state["best"] is not None else math.inf
            step = resumed.state["step"]
            for name, optimiser in optimisers.items():
                restore_optimiser(optimiser, resumed.part(f"optimiser.{name}"))
            if self.average is not None:
                self.average.restore(resumed.part("average"))
        data = stage.prepare()
        began = time.monotonic() - (resumed.state["stage_seconds"] if resumed else 0.0)
        task = bar.add_task(stage.name, total=stage.epochs, completed=epoch, note="")
        while not self._stage_is_over(stage, epoch, since_best):
            started = time.monotonic()
            seconds = started - began
            left = stage.time_limit - self.elapsed
            rate = self._learning_rate(epoch / stage.epochs, seconds / (seconds + left))
            generator = torch.Generator().manual_seed(self._seed(index, epoch))
            torch.manual_seed(self._seed(index, epoch))  # dropout takes torch's own numbers
            row: dict[str, Any] = {"stage": stage.name, "epoch": epoch + 1}
            jets = 0
            means = Means()
            module.train()
            for batch in data.training(generator):
                for name in objective.turns(step):
                    with _only(name, optimisers):
                        loss = module.loss(name, batch, epoch, generator)
                        self._step(module, stepped[name], loss, rate * rates[name], stage, epoch)
                    means.add(loss, "total" if name == next(iter(players)) else name)
                step += 1
                if self.average is not None:
                    self.average.update(step)
                jets += len(loss.total)
            row["step"] = step
            row |= means.values("train_")
            row |= self._validate(module, stage, data, index)
            rate_of_jets = jets / (time.monotonic() - started)
            epoch, since_best = epoch + 1, since_best + 1
            score, note = row["validation_total"], f"loss {row['validation_total']:.4g}"
            if stage.monitor is not None:
                figures = self._monitor(module, stage, stage.monitor, epoch, index)
                row |= {f"monitor_{name}": value for name, value in figures.items()}
                if stage.monitor.decides:
                    score = figures.get(stage.monitor.names[0], math.inf)
                note += "".join(f", {name} {value:.3g}" for name, value in figures.items())
            self.elapsed += time.monotonic() - started
            row |= {
                "learning_rate": rate,
                "jets_per_second": round(rate_of_jets, 1),
                "seconds": round(self.elapsed, 2),
            }
            self.rows.append(row)
            improved = score < best or epoch == 1
            if improved:
                best, since_best = score, 0
            state = {
                "stage": index,
                "stage_name": stage.name,
                "epoch": epoch,
                "step": step,
                "best": best,
                "since_best": since_best,
                "stage_seconds": time.monotonic() - began,
                "elapsed": self.elapsed,
                "rows": len(self.rows),
                "finished": False,
            }
            self.folder.write_metrics(self.rows)
            self._diagnose(stage, epoch)
            if improved:
                self._save(self.folder.best, {}, state)
            self._save(self.folder.last, optimisers, state)
            self.observe(row)
            bar.update(task, completed=epoch, note=note)
        best_checkpoint = Checkpoint.load(self.folder.best)
        self.model.load_state_dict(best_checkpoint.part("model"))
        if self.average is not None:
            self.average.restore(best_checkpoint.part("average"))
        bar.update(task, total=epoch, completed=epoch)

    def _stage_is_over(self, stage: Stage, epoch: int, since_best: int) -> bool:
        return (
            epoch >= stage.epochs
            or since_best >= self.config.patience
            or self.elapsed >= stage.time_limit
        )

    def _learning_rate(self, *progress: float) -> float:
        if self.config.schedule == "constant":
            return self.config.learning_rate
        return self.config.learning_rate * 0.5 * (1 + math.cos(math.pi * min(1.0, max(progress))))

    def _seed(self, stage: int, epoch: int) -> int:
        return (self.config.seed * 1_000_003 + stage) * 1_000_003 + epoch

    def _step(
        self, module: Any, optimiser: Any, loss: Loss, rate: float, stage: Stage, epoch: int
    ) -> None:
        total = loss.total.mean()
        if not bool(torch.isfinite(total)):
            raise TrainingError(self._diverged(loss, stage, epoch))
        optimiser.zero_grad()
        self.fabric.backward(total)
        if self.config.clip:
            self.fabric.clip_gradients(module, optimiser, max_norm=self.config.clip)
        for group in optimiser.param_groups:
            group["lr"] = rate
        optimiser.step()

    def _diagnose(self, stage: Stage, epoch: int) -> None:
        cause = stage.objective.diagnosis([r for r in self.rows if r["stage"] == stage.name])
        if cause is not None:
            raise TrainingError(
                f"training of the {stage.name} stopped after epoch {epoch}: {cause}; the best "
                f"checkpoint so far is kept in {self.folder.best}"
            )

    def _diverged(self, loss: Loss, stage: Stage, epoch: int) -> str:
        culprits = [name for name, part in loss.parts.items() if not torch.isfinite(part).all()]
        return (
            f"training of the {stage.name} diverged in epoch {epoch + 1}: "
            f"{', '.join(culprits) or 'total'} is not finite; the checkpoint of the epoch before "
            f"is kept in {self.folder.last.parent}; try a smaller `learning_rate`, a smaller "
            "`clip`, or smaller weights of the terms"
        )

    @torch.no_grad()
    def _validate(self, module: Any, stage: Stage, data: Batches, index: int) -> dict[str, Any]:
        module.eval()
        generator = torch.Generator().manual_seed(self._seed(index, stage.epochs))
        with nullcontext() if self.average is None else self.average.applied():
            values = module.validate(data.validation(), stage.epochs, generator)
        return {f"validation_{name}": value for name, value in values.items()}

    def _monitor(
        self, module: Any, stage: Stage, monitor: Monitor, epoch: int, index: int
    ) -> dict[str, float]:
        """The figures after this epoch, of the averaged weights; none where they are not due."""
        if not monitor.due(epoch):
            return {}
        module.eval()
        with nullcontext() if self.average is None else self.average.applied():
            return monitor.figures(self._seed(index, stage.epochs))

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
