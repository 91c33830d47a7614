r"""Energy-flow polynomials: a basis of jet observables, one for every multigraph.

.. math:: \mathrm{EFP}_G = \sum_{i_1 \ldots i_n} z_{i_1} \cdots z_{i_n}
          \prod_{(k, l) \in G} \theta_{i_k i_l}

Reference:
    Energy flow polynomials: A complete linear basis for jet substructure (Komiske, Metodiev,
    Thaler, 2017), arXiv:1712.07124. Cutting Multiparticle Correlators Down to Size (Komiske,
    Metodiev, Thaler, 2019), arXiv:1911.04491.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.utils.checkpoint import checkpoint

from jetgen.arguments import takes_sets
from jetgen.cloud import RELATIVE, ParticleCloud
from jetgen.errors import InputError
from jetgen.kernels.selection import can_run_triton
from jetgen.physics import fourvectors
from jetgen.physics.efp_fused import fused_program
from jetgen.physics.efp_graphs import check_graphs, efp_graphs
from jetgen.physics.efp_program import Program, efp_program

Measure = Literal["hadr", "ee"]

_CPU_BLOCK = 2**16
"""Elements per matrix and thread in a block: the matrices in use then about fill its cache."""

_DEVICE_BLOCK = 2**25
"""The same on an accelerator: large enough to use all of it."""


@takes_sets
def efps(
    cloud: ParticleCloud,
    graphs: Sequence[Sequence[Sequence[int]]] | None = None,
    *,
    max_degree: int = 4,
    measure: Measure = "hadr",
    beta: float = 1.0,
    normed: bool = False,
    dtype: torch.dtype = torch.float64,
    block: int | None = None,
) -> Tensor:
    r"""Energy-flow polynomials ``(B, G)`` of the sets, differentiable in the particles.

    With ``hadr``, ``z`` is the transverse momentum (relative to the jet for relative clouds) and
    ``theta = (deta^2 + dphi^2)^(beta / 2)`` with ``dphi`` folded into [0, pi]; particles are
    treated as massless, so that pseudorapidity and rapidity are equal. With ``ee``, ``z`` is the
    energy in the frame of :func:`jetgen.physics.fourvectors.particle_momenta` and
    ``theta = (2 p_i p_j / (E_i E_j))^(beta / 2)``, which for massive particles does not vanish at
    ``i = j``. A set without particles gives zeros. Gradients at ``theta = 0`` are zero.

    Sets of similar multiplicity are processed together without their padding, in blocks of
    ``block`` elements per matrix ``(sets, n, n)``. For the 36 polynomials at most about five such
    matrices are in memory at a time, sixteen in the backward pass, which repeats the forward pass
    block by block: 3 and 8 MB per thread on a CPU, or what one set needs if that is more. Graphs
    that contain the complete graph on four vertices need a factor ``n`` more.

    On CUDA devices, without gradients and for graphs of up to four edges, a Triton kernel sums over
    pairs without further matrices in memory (see :mod:`jetgen.physics.efp_fused`).

    Args:
        cloud: relative or Cartesian particles.
        graphs: edge lists, such as ``[(0, 1), (1, 2)]``, connected or not. By default all graphs of
            at most ``max_degree`` edges (see :func:`jetgen.physics.efp_graphs.efp_graphs`: 36 for
            four, in the order of the energyflow package).
        max_degree: largest number of edges; used when ``graphs`` is omitted.
        measure: ``hadr`` or ``ee``.
        beta: exponent of the angles, positive.
        normed: divide ``z`` by its sum over the set.
        dtype: precision of the computation and of the result.
        block: number of elements per matrix; by default a size that suits the device.

    Raises:
        InputError: for invalid graphs, features or ``beta``.

    >>> two = torch.tensor([[[0.0, 0.0, 0.5], [0.3, 0.4, 0.2]]])  # half a radian apart
    >>> cloud = ParticleCloud(two, torch.ones(1, 2, dtype=torch.bool), RELATIVE)
    >>> efps(cloud, [[], [(0, 1)], [(0, 1), (0, 1)]]).round(decimals=6)
    tensor([[0.7000, 0.1000, 0.0500]], dtype=torch.float64)
    """
    if beta <= 0:
        raise InputError(f"beta: expected a positive number, received {beta}")
    program = efp_program(efp_graphs(max_degree) if graphs is None else check_graphs(graphs))
    z, points = _measured(cloud.to(dtype), measure)
    if normed:
        total = z.sum(1, keepdim=True)
        z = z / torch.where(total == 0, torch.ones_like(total), total)
    if block is None:
        cpu = z.device.type == "cpu"
        block = _CPU_BLOCK * torch.get_num_threads() if cpu else _DEVICE_BLOCK
    order, blocks = _blocks(cloud.mask, block, program.fixed)
    differentiated = torch.is_grad_enabled() and (z.requires_grad or points.requires_grad)
    values = []
    for sets, slots in blocks:
        some = z[sets].gather(1, slots)
        places = points[sets].gather(1, slots.unsqueeze(-1).expand(-1, -1, points.shape[-1]))
        arguments = (program, some, places, beta)
        if differentiated:
            values.append(
                checkpoint(_block, *arguments, use_reentrant=False, preserve_rng_state=False)
            )
        else:
            values.append(_block(*arguments))
    if not values:
        return z.new_zeros(0, program.graphs)
    return torch.cat(values)[order.argsort()]


def _block(program: Program, z: Tensor, points: Tensor, beta: float) -> Tensor:
    theta = _angles(points, beta)
    if not (theta.requires_grad or z.requires_grad) and can_run_triton(z):
        passes = fused_program(program)
        if passes is not None:
            from jetgen.physics.kernels.moments import moments

            return passes(z, theta, moments)
    return program(z, theta)


def _angles(points: Tensor, beta: float) -> Tensor:
    """``theta`` ``(B, N, N)``."""
    squared = _squared_angles(points)
    if beta == 2:
        return squared
    if not squared.requires_grad:
        return squared.sqrt() if beta == 1 else squared.pow(beta / 2)
    coincident = (squared == 0).to(squared)  # where the root has no derivative
    return (squared + coincident).pow(beta / 2) * (1 - coincident)


def _measured(cloud: ParticleCloud, measure: Measure) -> tuple[Tensor, Tensor]:
    """Weights ``(B, N)`` and the coordinates that angles are computed from, ``(B, N, 2 or 4)``."""
    if measure == "hadr":
        if cloud.features[:3] == RELATIVE:
            z, points = cloud.particles[..., 2], cloud.particles[..., :2]
        else:
            p4 = fourvectors.particle_momenta(cloud)
            z = fourvectors.pt(p4)
            points = torch.stack([fourvectors.eta(p4), fourvectors.phi(p4)], dim=-1)
    elif measure == "ee":
        p4 = fourvectors.particle_momenta(cloud)
        z = p4[..., 3]
        scale = torch.where(z == 0, torch.ones_like(z), z).unsqueeze(-1)
        massive = len(cloud.features) > 3 and cloud.features[3].name == "E"
        squared_mass = fourvectors.mass_squared(p4) if massive else torch.zeros_like(z)
        points = torch.cat([p4[..., :3] / scale, squared_mass.unsqueeze(-1) / scale**2], dim=-1)
    else:
        raise InputError(f"measure: expected hadr or ee, received {measure}")
    nothing = z.new_zeros(())
    return torch.where(cloud.mask, z, nothing), torch.where(
        cloud.mask.unsqueeze(-1), points, nothing
    )


def _squared_angles(points: Tensor) -> Tensor:
    """``theta ** (2 / beta)`` ``(B, N, N)``, from differences so that small angles are exact."""
    first, *others = points.unbind(-1)
    if len(others) == 1:
        phi = others[0]
        angle = phi.unsqueeze(2) - phi.unsqueeze(1)
        if bool(phi.amax() - phi.amin() > math.pi):
            angle = angle.abs()
            angle = torch.minimum(angle, 2 * math.pi - angle)
        apart = first.unsqueeze(2) - first.unsqueeze(1)
        return torch.addcmul(angle.square(), apart, apart)
    # 2 (1 - v_i v_j) = |v_i - v_j|^2 + (1 - v_i^2) + (1 - v_j^2) for velocities v
    *velocity, squared_mass = points.unbind(-1)
    squared = squared_mass.unsqueeze(2) + squared_mass.unsqueeze(1)
    for v in velocity:
        squared = squared + (v.unsqueeze(2) - v.unsqueeze(1)).square()
    return squared.abs()


def _blocks(
    mask: Tensor, budget: int, fixed: int
) -> tuple[Tensor, Iterator[tuple[Tensor, Tensor]]]:
    """Order of the sets by falling multiplicity, and blocks of sets with their filled slots."""
    counts, order = mask.sum(1).sort(descending=True, stable=True)
    slots = mask.to(torch.uint8).sort(dim=1, descending=True, stable=True).indices

    def blocks() -> Iterator[tuple[Tensor, Tensor]]:
        start, sizes = 0, counts.tolist()
        while start < len(sizes):
            size = max(1, sizes[start])
            sets = order[start : start + max(1, budget // size ** (2 + fixed))]
            yield sets, slots[sets, :size]
            start += len(sets)

    return order, blocks()
