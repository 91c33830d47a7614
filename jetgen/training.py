"""Training: one plain loop that every objective shares."""

from __future__ import annotations

import dataclasses
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lightning.fabric import Fabric
from rich.progress import Progress
from torch import Tensor
from torch.optim import Adam, Optimizer

from jetgen.averaging import Average
from jetgen.checkpoint import Checkpoint, optimiser_tensors, restore_optimiser
from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.train import REGION, TrainConfig
from jetgen.datasets import read
from jetgen.datasets.loading import Split, batches, resampled, split_indices
from jetgen.errors import InputError, TrainingError
from jetgen.evaluation.observed import observe, values_by_name
from jetgen.evaluation.region import Region
from jetgen.monitoring import Monitor, monitor_generated, monitor_reconstructed
from jetgen.objectives.autoencoder import Autoencoder, Codes
from jetgen.objectives.base import Loss, Means, Objective
from jetgen.objectives.building import build_objective
from jetgen.objectives.layout import Layout
from jetgen.objectives.model import JetModel
from jetgen.objectives.preparation import represent
from jetgen.objectives.prior_fitting import PriorFitting
from jetgen.physics.columns import columns
from jetgen.physics.observables import measure
from jetgen.progress import progress_bar
from jetgen.run_folder import RunFolder

PRIOR_SHARE = 0.25
"""Share of the time limit that is kept for a prior fitted after the autoencoder."""


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


def train(config: TrainConfig, observe: Observer = lambda row: None) -> Path:
    """Train the model that ``config`` describes; return the run's folder.

    Args:
        config: every option.
        observe: called after each epoch, when it is saved, with its row of ``metrics.csv``;
            what it raises ends the training.

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
    if config.representation == "features":
        config = dataclasses.replace(config, particles=jets.mask.shape[1])
    split = split_indices(len(jets), config.seed)
    torch.manual_seed(config.seed)  # initial weights
    model = build_objective(config, Layout.of(jets[split.training], config))
    model.fit_data(jets[split.training])
    folder.write_config(dataclasses.replace(config, resume=False))
    folder.write_environment(
        config,
        device,
        {k: len(v) for k, v in split._asdict().items()},
        {"number": len(jets), "weight": float(jets.weights.double().sum())},
    )
    loop = Loop(config, folder, model, device, observe)
    loop.run(stages(config, model.to(device), jets.to(device), split), resumed)
    return folder.path


def load_jets(config: TrainConfig, beside: Sequence[str] = ()) -> ParticleCloud:
    """The jets that ``config`` names, in its representation.

    ``beside`` names further columns of a table that are kept as conditions.
    """
    jets = read(
        config.data,
        jet_type=config.jet_type,
        jets=config.jets,
        columns=config.columns,
        conditions=[*config.columns_beside(), *beside],
    )
    jets = represent(jets, config)
    if config.region is None:
        return jets
    inside = Region(config.region).select(observables_of(jets, config))
    return jets.with_conditions({Feature(REGION): inside})


def observables_of(jets: ParticleCloud, config: TrainConfig) -> dict[str, Tensor]:
    """What a region can ask of jets in the representation of ``config``, ``(B,)`` by name."""
    if config.representation == "features":
        return {observable.name: values for observable, values in columns(jets)}
    return values_by_name(observe(jets, measure(jets)))


def choose_device(wanted: str) -> str:
    """``cpu`` or ``cuda`` for ``auto``, ``cpu`` or ``cuda``.

    Raises:
        InputError: when CUDA is asked for and there is none.
    """
    available = torch.cuda.is_available()
    if wanted == "cuda" and not available:
        raise InputError("--device: expected a CUDA device, found none; use auto or cpu")
    return "cuda" if available and wanted != "cpu" else "cpu"


def stages(config: TrainConfig, model: JetModel, jets: ParticleCloud, split: Split) -> list[Stage]:
    """The model and, where a prior is fitted to the codes of an autoencoder, the prior."""
    training, held_out = jets[split.training], jets[split.validation]
    validation = held_out
    if config.weighted:
        validation = resampled(held_out, torch.Generator().manual_seed(config.seed))
    limit = math.inf if config.time_limit is None else 60 * config.time_limit

    def of_jets() -> Batches:
        return Batches(
            lambda generator: batches(training, config.batch, generator, weighted=config.weighted),
            lambda: batches(validation, config.batch),
        )

    generated = monitor_generated(config, model, held_out)
    if not isinstance(model, Autoencoder):
        return [Stage(config.objective, model, of_jets, config.epochs, limit, generated)]
    prior = model.learned_prior
    if prior is None or config.prior_training == "joint":
        return [Stage("autoencoder", model, of_jets, config.epochs, limit, generated)]
    reconstructed = monitor_reconstructed(config, model, held_out)

    def of_codes() -> Batches:
        fitted = training
        if config.weighted:
            fitted = resampled(training, torch.Generator().manual_seed(config.seed))
        known, others = (_encode(model, part, config.batch) for part in (fitted, validation))
        prior.fit_scale(known.draw(torch.Generator().manual_seed(config.seed)))
        return Batches(
            lambda generator: _code_batches(known, config.batch, generator),
            lambda: [others],
        )

    return [
        Stage(
            "autoencoder", model, of_jets, config.epochs, limit * (1 - PRIOR_SHARE), reconstructed
        ),
        Stage("prior", PriorFitting(model), of_codes, config.prior_epochs, limit, generated),
    ]


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
            f"is kept in {self.folder.last.parent}; try a smaller --learning-rate, a smaller "
            "--clip, or smaller weights of the terms"
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


@torch.no_grad()
def _encode(model: Autoencoder, jets: ParticleCloud, size: int) -> Codes:
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
