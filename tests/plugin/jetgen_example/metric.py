"""A metric that is a row of an evaluation, and quick enough to be monitored."""

from jetgen.metrics.base import Metric
from jetgen.physics.observables import MeasuredSets


class MeanMultiplicity(Metric):
    """The difference of the mean numbers of particles."""

    title = "difference of mean multiplicities"
    needs_jets = False

    def __call__(self, real: MeasuredSets, generated: MeasuredSets) -> float:
        means = [jets.relative.multiplicity.double().mean() for jets in (real, generated)]
        return float((means[1] - means[0]).abs())
