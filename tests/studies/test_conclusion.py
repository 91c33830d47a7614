"""Verdicts on true statements are wrong as rarely as they say."""

import numpy as np
import pytest

from jetgen.metrics.trainings import TrainingMean, mean_of
from jetgen.reports.findings import LEVEL, basis_of, judged, judged_alike, judged_all

REPEATED = 1000
ALLOWED = LEVEL + 4 * (LEVEL * (1 - LEVEL) / REPEATED) ** 0.5


def drawn(trainings: int, *means: float) -> list[dict[str, TrainingMean]]:
    """Repeated experiments that measure quantities with these true values."""
    shape = (REPEATED, len(means), trainings)
    values = np.random.default_rng(trainings).normal(size=shape) + np.array(means)[:, None]
    return [{str(k): mean_of(list(row)) for k, row in enumerate(rows)} for rows in values]


def rate(verdicts: list[str], *counted: str) -> float:
    return sum(verdict in counted for verdict in verdicts) / len(verdicts)


@pytest.mark.parametrize("trainings", [3, 5])
def test_a_difference_that_does_not_exist_is_found_at_the_stated_level(trainings):
    verdicts = [judged(found["0"]) for found in drawn(trainings, 0.0)]
    assert rate(verdicts, "confirmed", "not confirmed") == pytest.approx(LEVEL, abs=ALLOWED - LEVEL)


@pytest.mark.parametrize("trainings", [3, 5])
def test_the_level_holds_for_all_quantities_of_a_claim_together(trainings):
    none = [judged_all(found) for found in drawn(trainings, *[0.0] * 6)]
    assert rate(none, "not confirmed") <= ALLOWED
    one_missing = [judged_all(found) for found in drawn(trainings, 0.0, 9.0, 9.0)]
    assert rate(one_missing, "confirmed") <= ALLOWED


@pytest.mark.parametrize("trainings", [3, 5])
def test_alike_is_not_said_of_differences_as_large_as_the_margin(trainings):
    def verdicts(*means: float) -> list[str]:
        margins = {str(k): 3.0 for k in range(len(means))}
        return [judged_alike(found, margins) for found in drawn(trainings, *means)]

    assert rate(verdicts(3.0), "confirmed") <= ALLOWED
    assert rate(verdicts(3.0, 3.0, 3.0), "not confirmed") <= ALLOWED
    assert rate(verdicts(0.0), "not confirmed") == 0


def test_a_clear_result_is_decided_and_says_what_it_rests_on():
    clear, small = mean_of([2.0, 2.1, 1.9]), mean_of([0.1, -0.1, 0.05])
    assert judged(clear) == "confirmed"
    assert judged_all({"pT": clear, "mass": small}) == "undecided"
    assert judged_all({"pT": mean_of([-2.0, -2.1, -1.9]), "mass": clear}) == "not confirmed"
    assert judged_alike({"pT": small}, {"pT": 1.0}) == "confirmed"
    assert judged_alike({"pT": clear}, {"pT": 1.0}) == "not confirmed"
    assert (
        basis_of({"pT": clear, "mass": small})
        == "3 trainings each; p = 0.00083 (pT), p = 0.81 (mass)"
    )
