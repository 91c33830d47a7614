"""Means over trainings: the interval and the p-value hold for three and for five of them."""

import math

import numpy as np
import pytest

from jetgen.errors import InputError
from jetgen.metrics.trainings import TrainingMean, mean_of, paired_difference


@pytest.mark.parametrize("trainings", [3, 5])
def test_the_rate_of_small_p_values_without_a_difference_is_their_size(trainings):
    values = np.random.default_rng(1).normal(size=(4000, trainings))
    found = [mean_of(list(row)) for row in values]
    for level in (0.05, 0.3):
        rate = np.mean([each.p_value < level for each in found])
        assert rate == pytest.approx(level, abs=4 * math.sqrt(level * (1 - level) / 4000))
    inside = np.mean([abs(each.value) < each.half_interval(0.9) for each in found])
    assert inside == pytest.approx(0.9, abs=0.02)


def test_two_errors_of_three_trainings_have_the_known_probability():
    assert TrainingMean(2.0, 1.0, 3, 2).p_value == pytest.approx(0.1835, abs=1e-4)
    assert TrainingMean(1.96, 1.0).p_value == pytest.approx(0.05, abs=1e-4)


def test_pairs_remove_what_both_have_in_common():
    found = paired_difference([3.0, 15.0, 104.0], [1.0, 11.0, 101.0])
    assert found.value == 3.0 and found.error == pytest.approx(1 / math.sqrt(3))
    assert found.trainings == 3 and found.freedom == 2
    assert found.basis == "3 trainings, p = 0.035"
    with pytest.raises(InputError, match="second: expected 2 values"):
        paired_difference([1.0, 2.0], [1.0])


def test_one_training_has_no_error_and_decides_nothing():
    one = mean_of([5.0])
    assert one.p_value == 1 and math.isinf(one.half_interval(0.9))
    assert one.basis == "1 training, no error"
    with pytest.raises(InputError, match="received none"):
        mean_of([])
