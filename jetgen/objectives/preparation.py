"""Conversion of jets as stored in files to network features, and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

import torch
from torch import Tensor, nn

from jetgen.cloud import CARTESIAN, RELATIVE, Feature, ParticleCloud
from jetgen.config.option import require
from jetgen.config.train import MULTIPLICITY, TrainConfig
from jetgen.datasets.transforms import FeatureTransforms, parse_transforms
from jetgen.errors import InputError
from jetgen.networks.masking import masked
from jetgen.objectives.azimuth import CommonAzimuth
from jetgen.objectives.layout import Layout
from jetgen.objectives.levels import DiscreteColumns
from jetgen.physics.fourvectors import (
    laboratory_jets,
    mass,
    particle_momenta,
    pt,
    to_cartesian,
    to_relative,
)
from jetgen.priors.jets import JetDraw


def represent(cloud: ParticleCloud, config: TrainConfig) -> ParticleCloud:
    """Jets in the representation of ``config``, with their leading particles by falling pT.

    Relative features are relative to the sum of the kept particles, which also defines the
    conditions pt, eta, phi and mass. Sets of named features are not changed.

    Raises:
        InputError: when there are no momenta, or sets of named features have more items than
            ``config`` allows, because they have no leading items.
    """
    represented: ParticleCloud = config.kind.represent(cloud, config)
    return represented


def represent_sets(cloud: ParticleCloud, config: TrainConfig) -> ParticleCloud:
    """:func:`represent` for sets of named features."""
    items = int(cloud.multiplicity.max())
    require(
        items <= config.particles,
        "particles",
        f"at least {items} for these sets",
        config.particles,
    )
    return cloud.compact()


def represent_jets(cloud: ParticleCloud, config: TrainConfig) -> ParticleCloud:
    """:func:`represent` for jets."""
    names = tuple(feature.name for feature in cloud.features[:3])
    if names not in [tuple(f.name for f in known) for known in (CARTESIAN, RELATIVE)]:
        received = ", ".join(feature.name for feature in cloud.features)
        raise InputError(
            f"representation={config.representation!r}: expected jets of px, py, pz[, E] or "
            f"etarel, phirel, ptrel, received {received}; choose representation='features'"
        )
    if config.representation == "cartesian":
        cloud = to_cartesian(cloud)
    momenta = cloud.feature("ptrel") if cloud.features[:3] == RELATIVE else pt(cloud.particles)
    kept = cloud.leading(config.particles, by=momenta)
    return to_relative(kept) if config.representation == "relative" else laboratory_jets(kept)


class Preparation(nn.Module):
    """Feature transforms and context variables, fitted to the training jets.

    The context of a jet contains the variables that a network is conditioned on: its number of
    particles and the conditions of the layout, standardised, pT of jets as its logarithm; the type
    is one-hot. Sets of named features with an azimuth are rotated so that their first item is at
    zero, and their discrete columns are one-hot
    (:class:`~jetgen.objectives.levels.DiscreteColumns`).
    """

    classes: Tensor

    def __init__(self, config: TrainConfig, layout: Layout) -> None:
        super().__init__()
        self.relative = config.representation == "relative"
        self.features = layout.features
        chosen = config.transform
        if self.relative and not any(text.startswith("ptrel=") for text in chosen):
            chosen = [*chosen, "ptrel=log+standardise"]
        self.transforms = FeatureTransforms(self.features, parse_transforms(chosen, self.features))
        numbers = [f for f in (Feature(MULTIPLICITY), *layout.conditions) if f.name != "type"]
        self.discrete = DiscreteColumns(self.features, layout.levels)
        self.numbers = [f.name for f in numbers]
        logarithmic = [name for name in config.kind.logarithmic if name in self.numbers]
        steps = [f"{name}=log+standardise" for name in logarithmic]
        self.context_scales = FeatureTransforms(numbers, parse_transforms(steps, numbers))
        self.azimuth = CommonAzimuth(self.features, config.azimuth) if config.azimuth else None
        self.register_buffer("classes", torch.tensor(layout.classes), persistent=False)

    @property
    def width(self) -> int:
        """The number ``W`` of network features of an item."""
        return self.discrete.width

    @property
    def context_size(self) -> int:
        return len(self.numbers) + len(self.classes)

    def fit(self, cloud: ParticleCloud, given: JetDraw) -> None:
        """Fit transforms and scales to the training jets and their multiplicity and conditions."""
        if self.azimuth is not None:
            self.azimuth.fit(cloud)
        self.transforms.fit(self._rotated(cloud).particles[cloud.mask])
        self.context_scales.fit(self._numbers(given))

    @torch.no_grad()
    def fit_streamed(self, passes: Callable[[], Iterable[tuple[ParticleCloud, JetDraw]]]) -> None:
        """:meth:`fit` for jets in pieces; each call of ``passes`` goes through all of them."""
        if self.azimuth is not None:
            self.azimuth.fit_streamed(cloud for cloud, _ in passes())
        done = False
        while not done:
            for cloud, given in passes():
                self.transforms.add(self._rotated(cloud).particles[cloud.mask])
                self.context_scales.add(self._numbers(given))
            done = all([self.transforms.finish(), self.context_scales.finish()])

    def context(self, given: JetDraw) -> Tensor:
        """Context ``(B, C)``; the first variable is the number of particles."""
        variables = self.context_scales(self._numbers(given)).float()
        if not len(self.classes):
            return variables
        of_class = given.conditions["type"].unsqueeze(1) == self.classes
        return torch.cat([variables, of_class.to(variables)], dim=1)

    def _numbers(self, given: JetDraw) -> Tensor:
        values = {MULTIPLICITY: given.multiplicity, **given.conditions}
        return torch.stack([values[name].double() for name in self.numbers], dim=1)

    def to_network(self, cloud: ParticleCloud) -> Tensor:
        """Network features ``(B, N, W)`` of jets: rotated, transformed, zero where masked."""
        particles = self._rotated(cloud).particles
        return masked(self.discrete.expand(self.transforms(particles), particles), cloud.mask)

    def _rotated(self, cloud: ParticleCloud) -> ParticleCloud:
        return cloud if self.azimuth is None else self.azimuth.rotated(cloud)

    def with_fixed_azimuth(self, made: Tensor) -> Tensor:
        """Generated network features ``(B, N, W)`` with the values that are equal in all sets."""
        if self.azimuth is None:
            return made
        origin = made.new_zeros(len(self.features))
        place = self.discrete.kept.index(self.azimuth.index)
        fixed = self.discrete.expand(self.transforms(origin), origin)
        return self.azimuth.with_fixed_azimuth(made, fixed, place)

    def to_physical(self, particles: Tensor, like: ParticleCloud) -> ParticleCloud:
        """Convert network features ``(B, N, W)`` to jets with the mask and conditions of ``like``.

        Sets with an azimuth remain rotated.
        """
        safe = torch.where(like.mask.unsqueeze(-1), particles, particles.new_zeros(()))
        columns = self.transforms.inverse(self.discrete.numbers(safe, len(self.features)))
        columns = self.discrete.collapse(safe, columns)
        return replace(like, particles=columns, features=self.features)


def in_jet_frame(cloud: ParticleCloud) -> ParticleCloud:
    r"""Relative particles shifted and scaled so that they sum to their jet.

    pT is scaled to :math:`|\sum \vec p_T| = p_T^{jet}`, azimuths are rotated to :math:`\phi^{jet}`,
    and rapidities are boosted along the beam until the sum has the pseudorapidity of the jet: the
    corresponding rapidity is :math:`y = \mathrm{asinh}(\sinh\eta \cdot p_T / m_T)`.
    """
    double = cloud.to(torch.float64)
    moved = moved_to_jet(double.particles, particle_momenta(double), double.condition("eta"))
    return replace(cloud, particles=moved.to(cloud.particles))


def moved_to_jet(particles: Tensor, momenta: Tensor, jet_eta: Tensor) -> Tensor:
    """:func:`in_jet_frame` for tensors.

    Args:
        particles: relative features ``(B, N, 3)``.
        momenta: their four-momenta ``(B, N, 4)`` in the frame of the jet, zero where padded.
        jet_eta: pseudorapidity ``(B,)`` of the jets.
    """
    p4 = momenta.sum(1)
    transverse = pt(p4).clamp(min=1e-12)
    transverse_mass = (transverse.square() + mass(p4).square()).sqrt()
    wanted = torch.asinh(torch.sinh(jet_eta) * transverse / transverse_mass)
    present = torch.asinh(p4[:, 2] / transverse_mass)
    shift_eta = wanted - jet_eta - present
    shift_phi = -torch.atan2(p4[:, 1], p4[:, 0])
    etarel, phirel, ptrel = particles.unbind(-1)
    return torch.stack(
        [
            etarel + shift_eta.unsqueeze(1),
            phirel + shift_phi.unsqueeze(1),
            ptrel / transverse.unsqueeze(1),
        ],
        dim=-1,
    )
