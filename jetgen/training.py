"""Training: one plain loop that every objective shares."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lightning.fabric import Fabric
from rich.progress import Progress
from torch.optim import Adam, Optimizer

from jetgen.checkpoint import Checkpoint, optimiser_tensors, restore_optimiser
from jetgen.cloud import ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.datasets import read
from jetgen.datasets.loading import Split, batches, split_indices
from jetgen.errors import InputError, TrainingError
from jetgen.objectives.base import Loss, Objective
from jetgen.objectives.preparation import represent
from jetgen.objectives.prior_fitting import PriorFitting
from jetgen.objectives.vae import VAE, Codes
from jetgen.progress import progress_bar
from jetgen.run_folder import RunFolder

PRIOR_SHARE = 0.25
"""Share of the time limit that is kept for a prior fitted after the autoencoder."""


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


def train(config: TrainConfig) -> Path:
    """Train the model that ``config`` describes; return the run's folder.

    Raises:
        InputError: for unusable data, an existing run without ``resume``, or options that differ
            from those of the run to resume.
        TrainingError: when the training diverges; the last good checkpoint is kept.
    """
    folder = RunFolder(config.run)
    resumed = None
    if config.resume:
        config = _resumed_config(config, folder)
        resumed = Checkpoint.load(folder.last) if folder.last.exists() else None
    elif folder.exists():
        raise InputError(
            f"{folder.path}: expected a new folder, found a run; choose another --run, "
            "remove it, or go on with --resume"
        )
    if config.threads:
        torch.set_num_threads(config.threads)
    device = choose_device(config.device)
    jets = load_jets(config)
    split = split_indices(len(jets), config.seed)
    torch.manual_seed(config.seed)  # initial weights
    model = VAE(config, jets=len(split.training))
    model.fit_data(jets[split.training])
    folder.write_config(dataclasses.replace(config, resume=False))
    folder.write_environment(config, device, {k: len(v) for k, v in split._asdict().items()})
    loop = Loop(config, folder, model, device)
    loop.run(stages(config, model.to(device), jets.to(device), split), resumed)
    return folder.path


def load_jets(config: TrainConfig) -> ParticleCloud:
    """The jets that ``config`` names, in its representation."""
    return represent(read(config.data, jet_type=config.jet_type, jets=config.jets), config)


def choose_device(wanted: str) -> str:
    """``cpu`` or ``cuda`` for ``auto``, ``cpu`` or ``cuda``.

    Raises:
        InputError: when CUDA is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise InputError("--device: expected a CUDA device, found none; use auto or cpu")
    return "cuda" if available and wanted != "cpu" else "cpu"


def stages(config: TrainConfig, model: VAE, jets: ParticleCloud, split: Split) -> list[Stage]:
    """The autoencoder and, where the prior is fitted after it, the prior."""
    training, validation = jets[split.training], jets[split.validation]
    limit = math.inf if config.time_limit is None else 60 * config.time_limit

    def of_jets() -> Batches:
        return Batches(
            lambda generator: batches(training, config.batch, generator),
            lambda: batches(validation, config.batch),
        )

    def of_codes() -> Batches:
        known, held_out = (_encode(model, part, config.batch) for part in (training, validation))
        assert model.flow is not None
        model.flow.fit_scale(known.draw(torch.Generator().manual_seed(config.seed)))
        return Batches(
            lambda generator: _code_batches(known, config.batch, generator),
            lambda: [held_out],
        )

    if config.prior == "flow" and config.prior_training == "after":
        return [
            Stage("autoencoder", model, of_jets, config.epochs, limit * (1 - PRIOR_SHARE)),
            Stage("prior", PriorFitting(model), of_codes, config.prior_epochs, limit),
        ]
    return [Stage("autoencoder", model, of_jets, config.epochs, limit)]


class Loop:
    """Runs stages one after the other, with one row of metrics and one checkpoint an epoch.

    Everything random in an epoch follows from the seed, the stage and the epoch, so that a
    resumed run goes on as if it had not been interrupted.
    """

    def __init__(self, config: TrainConfig, folder: RunFolder, model: VAE, device: str) -> None:
        self.config, self.folder, self.model = config, folder, model
        self.fabric = Fabric(
            accelerator=device, devices=1, precision="bf16-mixed" if device == "cuda" else "32-true"
        )
        self.rows: list[dict[str, Any]] = []
        self.elapsed = 0.0

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
        names = list(stage.objective.optimised())
        optimisers: list[Optimizer] = [
            Adam(parameters, lr=self.config.learning_rate)
            for parameters in stage.objective.optimised().values()
        ]
        module, *wrapped = self.fabric.setup(stage.objective, *optimisers)
        module.mark_forward_method("losses")
        epoch, best, since_best = 0, math.inf, 0
        if resumed is not None:
            epoch, since_best = resumed.state["epoch"], resumed.state["since_best"]
            best = resumed.state["best"] if resumed.state["best"] is not None else math.inf
            for name, optimiser in zip(names, optimisers, strict=True):
                restore_optimiser(optimiser, resumed.part(f"optimiser.{name}"))
        data = stage.prepare()
        began = time.monotonic() - (resumed.state["stage_seconds"] if resumed else 0.0)
        task = bar.add_task(stage.name, total=stage.epochs, completed=epoch, note="")
        while not self._stage_is_over(stage, epoch, since_best):
            started = time.monotonic()
            seconds = started - began
            rate = self._learning_rate(epoch / stage.epochs, seconds / stage.time_limit)
            generator = torch.Generator().manual_seed(self._seed(index, epoch))
            row: dict[str, Any] = {"stage": stage.name, "epoch": epoch + 1}
            jets = 0
            sums: dict[str, float] = {}
            module.train()
            for batch in data.training(generator):
                losses = module.losses(batch, epoch, generator)
                self._step(module, names, wrapped, losses, rate, stage, epoch)
                jets += _accumulate(sums, losses)
            row |= _means("train", sums, jets)
            row |= self._validate(module, stage, data, index)
            score = row["validation_total"]
            epoch, since_best = epoch + 1, since_best + 1
            self.elapsed += time.monotonic() - started
            row |= {
                "learning_rate": rate,
                "jets_per_second": round(jets / (time.monotonic() - started), 1),
                "seconds": round(self.elapsed, 2),
            }
            self.rows.append(row)
            improved = score < best
            if improved:
                best, since_best = score, 0
            state = {
                "stage": index,
                "stage_name": stage.name,
                "epoch": epoch,
                "best": best,
                "since_best": since_best,
                "stage_seconds": time.monotonic() - began,
                "elapsed": self.elapsed,
                "rows": len(self.rows),
                "finished": False,
            }
            self.folder.write_metrics(self.rows)
            if improved:
                self._save(self.folder.best, {}, state)
            self._save(self.folder.last, dict(zip(names, optimisers, strict=True)), state)
            bar.update(task, completed=epoch, note=f"loss {score:.4g}")
        self.model.load_state_dict(Checkpoint.load(self.folder.best).part("model"))
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
        self,
        module: Any,
        names: list[str],
        optimisers: list[Any],
        losses: dict[str, Loss],
        rate: float,
        stage: Stage,
        epoch: int,
    ) -> None:
        for name, optimiser in zip(names, optimisers, strict=True):
            total = losses[name].total.mean()
            if not bool(torch.isfinite(total)):
                raise TrainingError(self._diverged(losses[name], stage, epoch))
            optimiser.zero_grad()
            self.fabric.backward(total)
            if self.config.clip:
                self.fabric.clip_gradients(module, optimiser, max_norm=self.config.clip)
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.step()

    def _diverged(self, loss: Loss, stage: Stage, epoch: int) -> str:
        culprits = [name for name, part in loss.parts.items() if not torch.isfinite(part).all()]
        return (
            f"training of the {stage.name} diverged in epoch {epoch + 1}: "
            f"{', '.join(culprits) or 'total'} is not finite; the checkpoint of the epoch before "
            f"is kept in {self.folder.last.parent}; try a smaller --learning-rate, a smaller "
            "--clip, or smaller weights of the terms"
        )

    @torch.no_grad()
    def _validate(self, module: Any, stage: Stage, data: Batches, index: int) -> dict[str, Any]:
        module.eval()
        generator = torch.Generator().manual_seed(self._seed(index, stage.epochs))
        sums: dict[str, float] = {}
        jets = 0
        for batch in data.validation():
            jets += _accumulate(sums, module.losses(batch, stage.epochs, generator))
        return _means("validation", sums, jets)

    def _save(self, path: Path, optimisers: dict[str, Optimizer], state: dict[str, Any]) -> None:
        tensors = {f"model.{name}": t for name, t in self.model.state_dict().items()}
        for name, optimiser in optimisers.items():
            tensors |= optimiser_tensors(f"optimiser.{name}", optimiser)
        Checkpoint(tensors, state).save(path)


def _accumulate(sums: dict[str, float], losses: dict[str, Loss]) -> int:
    """Add the sums over jets of every loss and part to ``sums``; return the number of jets."""
    jets = 0
    for loss in losses.values():
        jets = len(loss.total)
        for name, values in {"total": loss.total, **loss.parts}.items():
            sums[name] = sums.get(name, 0.0) + float(values.detach().sum())
    return jets


def _means(prefix: str, sums: dict[str, float], jets: int) -> dict[str, float]:
    return {f"{prefix}_{name}": value / jets for name, value in sums.items()}


@torch.no_grad()
def _encode(model: VAE, jets: ParticleCloud, size: int) -> Codes:
    model.eval()
    parts = [model.encode(batch) for batch in batches(jets, size)]
    return Codes(*(torch.cat(columns) for columns in zip(*parts, strict=True)))


def _code_batches(codes: Codes, size: int, generator: torch.Generator) -> Iterator[Codes]:
    order = torch.randperm(len(codes.mean), generator=generator).to(codes.mean.device)
    for rows in order.split(size):
        yield Codes(*(column[rows] for column in codes))


def _resumed_config(given: TrainConfig, folder: RunFolder) -> TrainConfig:
    """The stored options of the run, after a check that no option given contradicts them."""
    stored = folder.read_config()
    for field in dataclasses.fields(TrainConfig):
        if field.name in ("run", "resume"):
            continue
        default = getattr(TrainConfig(), field.name)
        value = getattr(given, field.name)
        if value != default and value != getattr(stored, field.name):
            flag = "--" + field.name.replace("_", "-")
            raise InputError(
                f"{flag}: expected {getattr(stored, field.name)!r} as in {folder.path}, received "
                f"{value!r}; a resumed run keeps its options"
            )
    return dataclasses.replace(stored, run=given.run)
