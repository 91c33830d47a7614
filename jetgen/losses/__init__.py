"""Reconstruction losses and physics constraints on masked sets; each gives one value a jet."""

from jetgen.losses.bce import BCE, bce
from jetgen.losses.chamfer import Chamfer, chamfer, density_aware_chamfer
from jetgen.losses.constraints import (
    efp_difference,
    mass_difference,
    multiplicity_difference,
    pt_difference,
)
from jetgen.losses.emd import EMD, emd
from jetgen.losses.emd_matrix import emd_matrix
from jetgen.losses.exact_emd import energy_movers_distance, exact_emd
from jetgen.losses.mse import MSE, mse
from jetgen.losses.sinkhorn import SinkhornSettings

__all__ = [
    "BCE",
    "EMD",
    "MSE",
    "Chamfer",
    "SinkhornSettings",
    "bce",
    "chamfer",
    "density_aware_chamfer",
    "efp_difference",
    "emd",
    "emd_matrix",
    "energy_movers_distance",
    "exact_emd",
    "mass_difference",
    "mse",
    "multiplicity_difference",
    "pt_difference",
]
