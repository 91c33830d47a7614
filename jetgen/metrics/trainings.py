"""Means and differences over trainings, with Student's t."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.special import ndtr, ndtri, stdtr, stdtrit

from jetgen.errors import InputError


@dataclass(frozen=True)
class TrainingMean:
    r"""A mean over trainings with its error, and how well this error is known.

    The error of a mean over few trainings comes from few numbers itself, so that "two errors" is
    no 5 % level: for three trainings :math:`|t| > 2` has a probability of 18 %. Probabilities and
    intervals are therefore those of Student's t with ``freedom`` degrees of freedom.

    Args:
        value: the mean, or the mean difference.
        error: its standard error.
        trainings: the number of trainings, or of pairs of trainings, that it is a mean over.
        freedom: degrees of freedom of the error; infinite for an error that is known, such as a
            statistical error of many test jets.
    """

    value: float
    error: float
    trainings: int = 1
    freedom: float = math.inf

    @property
    def p_value(self) -> float:
        r"""Probability of a value at least as far from zero if the true one is zero.

        .. math:: p = 2 P(T_\nu > |\bar x| / \sigma_{\bar x})

        It is 1 where a single training has no error, and 0 or 1 for an error of zero.
        """
        if not self.freedom > 0:
            return 1.0
        if self.error == 0:
            return float(self.value == 0)
        distance = -abs(self.value) / self.error
        known = math.isinf(self.freedom)
        return float(2 * (ndtr(distance) if known else stdtr(self.freedom, distance)))

    def half_interval(self, level: float) -> float:
        """Half the width of the central interval that has the true value with this probability.

        It is infinite where a single training has no error.
        """
        if not self.freedom > 0:
            return math.inf
        share = (1 + level) / 2
        known = math.isinf(self.freedom)
        return float((ndtri(share) if known else stdtrit(self.freedom, share)) * self.error)

    @property
    def basis(self) -> str:
        """What a verdict on it rests on: the number of trainings, and the p-value."""
        noun = "training" if self.trainings == 1 else "trainings"
        if not self.freedom > 0:
            return f"1 {noun}, no error"
        return f"{self.trainings} {noun}, p {p_text(self.p_value)}"


def p_text(value: float) -> str:
    """A p-value with two significant digits and its sign of equality.

    >>> p_text(0.0312), p_text(3e-9)
    ('= 0.031', '< 1e-4')
    """
    return f"= {value:.2g}" if value >= 1e-4 else "< 1e-4"


def mean_of(values: Sequence[float]) -> TrainingMean:
    r"""The mean of one value per training, its error :math:`s/\sqrt n`, :math:`\nu = n - 1`.

    Raises:
        InputError: without a value.
    """
    if not values:
        raise InputError("values: expected one per training, received none")
    number = len(values)
    spread = statistics.stdev(values) / math.sqrt(number) if number > 1 else math.nan
    return TrainingMean(statistics.fmean(values), spread, number, number - 1)


def paired_difference(first: Sequence[float], second: Sequence[float]) -> TrainingMean:
    """The mean of ``first - second`` over pairs of trainings with the same seed and data.

    Raises:
        InputError: when the numbers of values differ, or are zero.
    """
    if len(first) != len(second):
        raise InputError(
            f"second: expected {len(first)} values, one per training of the first, received "
            f"{len(second)}"
        )
    return mean_of([a - b for a, b in zip(first, second, strict=True)])
