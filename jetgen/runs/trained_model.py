"""A trained model: what it was trained on, and the jets it makes."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from jetgen.cloud import ParticleCloud
from jetgen.components import OBJECTIVES, PRIORS
from jetgen.config.train import TrainConfig
from jetgen.datasets.loading import weighted_indices
from jetgen.errors import InputError
from jetgen.files.whole import as_path, sha256
from jetgen.networks.integration import Solver
from jetgen.objectives.autoencoder import Autoencoder, Codes
from jetgen.objectives.building import build_objective
from jetgen.objectives.layout import Layout
from jetgen.objectives.model import JetModel
from jetgen.objectives.preparation import represent
from jetgen.physics.region import Region
from jetgen.precision import in_single_precision
from jetgen.priors.fixed import fixed_values
from jetgen.runs.blocks import BLOCK, blocks
from jetgen.runs.data import JetStore, data_of, to_data
from jetgen.runs.finished_run import FinishedRun
from jetgen.runs.named import Named, named


@in_single_precision
def load(
    run: str | Path,
    device: str = "cpu",
    *,
    solver: Solver | None = None,
    solver_steps: int | None = None,
    width_scale: float | None = None,
    store: JetStore | None = None,
    data: Any = None,
    map: Mapping[str, str] | None = None,
    allow: Sequence[str] = (),
    epoch: int | None = None,
) -> TrainedModel:
    """The trained model of a run, or one that comes with jetgen.

    Args:
        run: the folder of the run, or the name of a model that ``jetgen models`` lists. A folder
            of that name goes first.
        device: where to compute.
        solver, solver_steps: how flow matching integrates its velocities; as in the training
            when omitted.
        width_scale: factor on the widths with which an autoencoder draws particles; as in the
            training when omitted.
        store: the jets that several runs share, each set of them read once.
        data: the files that the run was trained on, where neither they nor the run are where
            they were, or the sets themselves, where these were passed from Python; used by what
            depends on them, such as :meth:`TrainedModel.held_out`. They are recognised by
            their SHA-256.
        map, allow: how ``data`` are read, as for :func:`jetgen.read`, where that differs from the
            training.
        epoch: take the weights after this epoch, which the option ``keep_every`` of the training
            kept, in place of those of the best one.

    Raises:
        InputError: when there is no finished run of that name, a solver is chosen for a run that
            integrates nothing, a factor for one that draws no particles about their positions, or
            ``data`` are not those of the training.
    """
    found = named(as_path(run, "run"))
    config = found.folder.read_config()
    model = _built(found, config, solver, solver_steps, width_scale, epoch)
    reading = dataclasses.replace(
        config, map=dict(map or config.map), allow=tuple(allow or config.allow)
    )
    passed = to_data(data, reading.map)
    return TrainedModel(
        run=found,
        config=config,
        reading=reading,
        store=JetStore() if store is None else store,
        given=data_of(reading, found.folder, passed) if passed else None,
        model=model.to(device).eval(),
        device=device,
    )


def _built(
    run: Named,
    config: TrainConfig,
    solver: Solver | None,
    solver_steps: int | None,
    width_scale: float | None,
    epoch: int | None,
) -> JetModel:
    """The model with the weights of an epoch, with another solver or widths if they are chosen.

    Raises:
        InputError: as :func:`load`, or when the weights are those of another model.
    """
    checkpoint = run.folder.load_model() if epoch is None else run.folder.load_epoch(epoch)
    weights = checkpoint.part("model") | checkpoint.part("average")
    chosen = solver is not None or solver_steps is not None
    parts = OBJECTIVES[config.objective], PRIORS[config.prior]
    if chosen and not any(part.has_paths for part in parts):
        raise InputError(
            f"{'solver_steps' if solver is None else 'solver'}: expected a run with the "
            f"objective or the prior flow-matching, received {run.name} with the objective "
            f"{config.objective} and the prior {config.prior}"
        )
    if width_scale is not None and not config.likelihood_weight:
        raise InputError(
            f"width_scale: expected an autoencoder that was trained with a likelihood, received "
            f"{run.name} with the objective {config.objective} and none"
        )
    integrated = dataclasses.replace(
        config,
        solver=solver or config.solver,
        solver_steps=solver_steps or config.solver_steps,
        width_scale=width_scale or config.width_scale,
    )
    try:
        model = build_objective(integrated, Layout.from_description(checkpoint.state["data"]))
        model.remove(checkpoint.state.get("removed", []))
        model.load_state_dict(weights)
    except (RuntimeError, KeyError) as error:
        raise InputError(
            f"{run.folder.best}: expected the weights of the model that {run.folder.config_file} "
            "describes, found others; was the run made by another version of jetgen?"
        ) from error
    return model


@dataclasses.dataclass(eq=False, repr=False)
class TrainedModel(FinishedRun):
    """A finished run, ready to generate.

    Args:
        model: the model, with the weights of its best epoch, or of another one.
        device: where it computes.
    """

    model: JetModel
    device: str

    @in_single_precision
    def generate(
        self,
        jets: int,
        *,
        seed: int = 1,
        prior: str | None = None,
        fix: Mapping[str, float | str] | None = None,
    ) -> ParticleCloud:
        """``jets`` jets in physical units, with the conditions that they were made for.

        Args:
            jets: how many.
            seed: seed of the jets; those of a smaller number are the first of a larger one.
            prior: one of :attr:`priors`; the trained one by default.
            fix: values of conditions, the same for all jets (``{"mass": 80, "type": "gluon"}``);
                all others are drawn from the training jets near to them.

        Raises:
            InputError: for a prior or a condition that the run does not have.

        Warns:
            InputWarning: for a fixed value outside the range of the training jets.
        """
        return ParticleCloud.concatenate(
            list(self.generated_blocks(jets, seed=seed, prior=prior, fix=fix))
        )

    @in_single_precision
    def generated_blocks(
        self,
        jets: int,
        *,
        seed: int = 1,
        prior: str | None = None,
        fix: Mapping[str, float | str] | None = None,
        start: int = 0,
    ) -> Iterator[ParticleCloud]:
        """The jets of :meth:`generate` from number ``start`` on, block by block."""
        if prior is not None:
            self.require_prior(prior)
        fixed = self.fixed(fix or {})
        for generator, kept in blocks(jets, seed, start):
            draw = self.model.draw(BLOCK, generator, fixed)
            yield self.model.sample(draw, generator, prior)[kept].to("cpu")

    def require_prior(self, prior: str) -> None:
        """Raise :class:`InputError` for a prior that the run does not have."""
        if prior in self.priors:
            return
        expected, remedy = "none", "leave it out"
        if self.priors:
            expected, remedy = (
                " or ".join(self.priors),
                f"train with `jetgen.train(..., prior={prior!r})`",
            )
        raise InputError(
            f"prior: expected {expected}, as {self.run.name} with the objective "
            f"{self.config.objective} has, received {prior}; {remedy}"
        )

    def fixed(self, fix: Mapping[str, float | str]) -> dict[str, float]:
        """All conditions that are fixed: those of the name of the model, and these."""
        own = self.run.fixed
        for name in own.keys() & fix.keys():
            raise InputError(
                f"fix: expected no {name} with {self.run.name}, whose {name} is always "
                f"{own[name]}, received {fix[name]}; choose another model, `jetgen models` lists "
                "them"
            )
        return fixed_values({**own, **fix}, self.model.jets, self.config)

    @in_single_precision
    def region_blocks(
        self, jets: int, region: Region, *, seed: int = 1, start: int = 0
    ) -> Iterator[ParticleCloud]:
        r"""Jets of codes :math:`z \sim q(z \mid x)` of training jets :math:`x` in a region.

        The jets are drawn by weight where the run was. Their posteriors together are the density
        of the region's codes, smoothed by as much as the decoder cannot resolve; they leave no
        gap that a fitted density would fill with codes of other jets.

        Args:
            jets: how many.
            region: a condition on the observables of the training jets.
            seed: seed of the jets.
            start: number of the first jet; those before it are left out.

        Raises:
            InputError: when codes have no widths, or no training jet lies in the region.
        """
        model = self._autoencoder()
        if not model.stochastic:
            raise InputError(
                f"region: expected a run whose codes have widths (objective vae), received "
                f"{self.run.name} with the objective {self.config.objective}, which would "
                "decode each training jet to the same jet every time"
            )
        known = self.training_jets()
        inside = known[region.select(self.config.kind.region_values(known))]
        if not len(inside):
            raise InputError(
                f"region: expected a region with training jets, received {region.text!r} with "
                f"none of {len(known)}; widen it"
            )
        weights = inside.weights if self.config.weighted else torch.ones(len(inside))
        for generator, kept in blocks(jets, seed, start):
            rows = weighted_indices(weights, BLOCK, generator)
            like = inside[rows].to(self.device)
            with torch.no_grad():
                z = model.encode(like).draw(generator)
                made = model.decode(z, model.conditioning_of(like), generator)
            yield made[kept].to("cpu")

    @property
    def event_weight(self) -> float:
        """Of all sets that the model stands for; how many, where it was not trained by weight.

        These are the sets of its data or, if its name fixes a class, those of the class.

        Raises:
            InputError: when the run does not say.
        """
        events = self.environment.get("events")
        if events is None:
            raise InputError(
                f"{self.folder.environment_file}: expected the number and weight of the training "
                "data, found none; the run was made by an older version, train it again"
            )
        own = fixed_values(self.run.fixed, self.model.jets, self.config)
        share = self.model.jets.share(own)
        return share * float(events["weight" if self.config.weighted else "number"])

    @property
    def training_size(self) -> int:
        """Number of jets that the model was trained on."""
        split = self.environment.get("split", {})
        return int(split.get("training", self.model.layout.jets))

    @property
    def title(self) -> str:
        """The model in one line."""
        return self.model.title

    @property
    def priors(self) -> dict[str, str]:
        """The priors that jets can be drawn from, by name, in words; first the trained one."""
        return {name: prior.title for name, prior in self.model.priors.items()}

    @property
    def reconstructs(self) -> bool:
        """Whether jets can be encoded and decoded."""
        return isinstance(self.model, Autoencoder) and self.model.has_encoder

    @in_single_precision
    def reconstruct(self, cloud: ParticleCloud, batch: int = 1024, seed: int = 1) -> ParticleCloud:
        """Each jet of ``cloud`` encoded and decoded, in its order, in the run's representation.

        Event weights stay with their jets.

        Raises:
            InputError: when the model is no autoencoder, or the sets have other features.
        """
        model = self._autoencoder()
        cloud = self._represented(cloud)
        generator = torch.Generator().manual_seed(seed)
        parts = [
            model.reconstruct(cloud[start : start + batch].to(self.device), generator).to("cpu")
            for start in range(0, len(cloud), batch)
        ]
        made = ParticleCloud.concatenate(parts)
        return made.replace(weights=cloud.weights)

    @in_single_precision
    @torch.no_grad()
    def codes(self, cloud: ParticleCloud, batch: int = 1024) -> Codes:
        """Posteriors of the codes of ``cloud``, in its order.

        Raises:
            InputError: when the model is no autoencoder, or the sets have other features.
        """
        model = self._autoencoder()
        cloud = self._represented(cloud)
        parts = [
            model.encode(cloud[start : start + batch].to(self.device))
            for start in range(0, len(cloud), batch)
        ]
        return Codes(*(torch.cat(columns).cpu() for columns in zip(*parts, strict=True)))

    @in_single_precision
    @torch.no_grad()
    def decode(self, codes: Tensor, like: ParticleCloud, seed: int = 1) -> ParticleCloud:
        """Jets of codes ``(B, L)``, with the particle numbers and conditions of ``like``.

        Raises:
            InputError: when the model is no autoencoder, or the sets have other features.
        """
        generator = torch.Generator().manual_seed(seed)
        model = self._autoencoder()
        given = model.conditioning_of(self._represented(like).to(self.device))
        return model.decode(codes.to(self.device), given, generator, likeliest=True).to("cpu")

    @in_single_precision
    def prior_codes(self, context: Tensor, seed: int = 1) -> Tensor:
        """Codes ``(B, L)`` of the prior that generates, for jets of this ``context`` (B, C).

        Raises:
            InputError: when the model is no autoencoder.
        """
        generator = torch.Generator().manual_seed(seed)
        return self._autoencoder().prior_codes(context.to(self.device), generator).cpu()

    def _represented(self, cloud: ParticleCloud) -> ParticleCloud:
        """The sets in the representation of the run; those that are in it stay as they are."""
        wanted = self.model.layout.features
        if cloud.features != wanted:
            cloud = represent(cloud, self.config)
        if cloud.features != wanted:
            raise InputError(
                f"{self.run.name}: expected sets of {', '.join(f.name for f in wanted)}, received "
                f"{', '.join(f.name for f in cloud.features)}"
            )
        return cloud

    def _autoencoder(self) -> Autoencoder:
        if not isinstance(self.model, Autoencoder):
            raise InputError(
                f"{self.run.name}: expected an autoencoder, which alone has codes of jets, "
                f"found the objective {self.config.objective}, which can only generate"
            )
        if not self.model.has_encoder:
            raise InputError(
                f"{self.run.name}: expected a run with its encoder, received a model without one, "
                "which can only generate; train with `jetgen.train(...)`"
            )
        return self.model

    def provenance(self) -> dict[str, Any]:
        """Where the model comes from: environment, options, hash of its weights."""
        return {
            **self.environment,
            "config": dataclasses.asdict(self.config),
            "checkpoint_sha256": sha256(self.folder.best),
        }
