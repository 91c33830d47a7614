"""Formulas of :mod:`jetgen.kinematics` under their public names, for tensors and NumPy arrays."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps

from torch import Tensor

from jetgen import kinematics
from jetgen.arguments import takes_arrays
from jetgen.errors import InputError


def _of_momenta(function: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """The formula, with a check that it gets four numbers per particle or jet."""

    @wraps(function)
    def checked(p4: Tensor) -> Tensor:
        if p4.shape[-1:] != (4,):
            raise InputError(
                f"{function.__name__}: expected four-momenta (..., 4) of px, py, pz, E, received "
                f"shape {tuple(p4.shape)}; jetgen.physics.particle_momenta makes them of jets"
            )
        return function(p4)

    return takes_arrays(checked)


pt, eta, phi, mass = map(
    _of_momenta, (kinematics.pt, kinematics.eta, kinematics.phi, kinematics.mass)
)
massless = takes_arrays(kinematics.massless)
massive = takes_arrays(kinematics.massive)
wrap_phi = takes_arrays(kinematics.wrap_phi)
