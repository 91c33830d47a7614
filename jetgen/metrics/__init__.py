"""Distances between samples of jets, for clouds, tensors, NumPy and awkward arrays."""

from typing import TYPE_CHECKING

from jetgen.namespace import publish

if TYPE_CHECKING:
    from jetgen.metrics.correlations import correlation_distance as correlation_distance
    from jetgen.metrics.correlations import correlations as correlations
    from jetgen.metrics.cov_mmd import CoverageMMD as CoverageMMD
    from jetgen.metrics.cov_mmd import cov_mmd as cov_mmd
    from jetgen.metrics.fpd import fpd as fpd
    from jetgen.metrics.fpd import jet_efps as jet_efps
    from jetgen.metrics.kpd import kpd as kpd
    from jetgen.metrics.memorisation import Memorisation as Memorisation
    from jetgen.metrics.memorisation import memorisation as memorisation
    from jetgen.metrics.mutual_information import mutual_information as mutual_information
    from jetgen.metrics.peak_fits import PeakFit as PeakFit
    from jetgen.metrics.peak_fits import fit_peak as fit_peak
    from jetgen.metrics.samples import Estimate as Estimate
    from jetgen.metrics.samples import FewJetsWarning as FewJetsWarning
    from jetgen.metrics.w1efp import w1efp as w1efp
    from jetgen.metrics.w1m import relative_mass as relative_mass
    from jetgen.metrics.w1m import w1m as w1m
    from jetgen.metrics.w1p import w1p as w1p
    from jetgen.metrics.wasserstein import wasserstein as wasserstein

publish(__name__)
