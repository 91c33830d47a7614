"""Four-momenta and jet observables of clouds, tensors, NumPy and awkward arrays: pure functions.

Functions of sets take a cloud, or arrays as described in :mod:`jetgen.conversion`, each optionally
followed by its mask: ``efps(cloud)``, ``efps(particles, mask)``. Functions of four-momenta take
tensors or arrays ``(..., 4)``.
"""

from typing import TYPE_CHECKING

from jetgen.namespace import publish

if TYPE_CHECKING:
    from jetgen.physics.efp import efps as efps
    from jetgen.physics.efp_graphs import efp_graphs as efp_graphs
    from jetgen.physics.formulas import eta as eta
    from jetgen.physics.formulas import mass as mass
    from jetgen.physics.formulas import massive as massive
    from jetgen.physics.formulas import massless as massless
    from jetgen.physics.formulas import phi as phi
    from jetgen.physics.formulas import pt as pt
    from jetgen.physics.formulas import wrap_phi as wrap_phi
    from jetgen.physics.fourvectors import jet_momentum as jet_momentum
    from jetgen.physics.fourvectors import laboratory_jets as laboratory_jets
    from jetgen.physics.fourvectors import particle_momenta as particle_momenta
    from jetgen.physics.fourvectors import to_cartesian as to_cartesian
    from jetgen.physics.fourvectors import to_relative as to_relative
    from jetgen.physics.images import average_jet_image as average_jet_image
    from jetgen.physics.nsubjettiness import nsubjettiness as nsubjettiness
    from jetgen.physics.observables import measure as measure
    from jetgen.physics.soft_drop import soft_drop as soft_drop
    from jetgen.physics.soft_drop import soft_drop_mass as soft_drop_mass
    from jetgen.physics.substructure import angularity as angularity
    from jetgen.physics.substructure import correlator_ratios as correlator_ratios
    from jetgen.physics.substructure import effective_multiplicity as effective_multiplicity
    from jetgen.physics.substructure import pt_dispersion as pt_dispersion
    from jetgen.physics.substructure import subjettiness_ratios as subjettiness_ratios
    from jetgen.physics.substructure import substructure as substructure

publish(__name__)
