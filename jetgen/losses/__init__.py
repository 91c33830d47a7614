"""Reconstruction losses and physics constraints for masked sets; each returns one value per jet.

The functions take tensors, NumPy arrays, or a cloud in place of a set and its mask.
"""

from typing import TYPE_CHECKING

from jetgen.namespace import publish

if TYPE_CHECKING:
    from jetgen.losses.bce import BCE as BCE
    from jetgen.losses.bce import bce as bce
    from jetgen.losses.chamfer import Chamfer as Chamfer
    from jetgen.losses.chamfer import chamfer as chamfer
    from jetgen.losses.chamfer import density_aware_chamfer as density_aware_chamfer
    from jetgen.losses.constraints import efp_difference as efp_difference
    from jetgen.losses.constraints import mass_difference as mass_difference
    from jetgen.losses.constraints import multiplicity_difference as multiplicity_difference
    from jetgen.losses.constraints import pt_difference as pt_difference
    from jetgen.losses.emd import EMD as EMD
    from jetgen.losses.emd import emd as emd
    from jetgen.losses.emd_matrix import emd_matrix as emd_matrix
    from jetgen.losses.exact_emd import energy_movers_distance as energy_movers_distance
    from jetgen.losses.exact_emd import exact_emd as exact_emd
    from jetgen.losses.mse import MSE as MSE
    from jetgen.losses.mse import mse as mse
    from jetgen.losses.sinkhorn import SinkhornSettings as SinkhornSettings

publish(__name__)
