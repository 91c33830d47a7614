"""RMSE and R² of reconstructed columns are those of their definitions."""

import numpy as np
import pytest
import torch
from sklearn.metrics import r2_score, root_mean_squared_error

from jetgen.cloud import Feature, ParticleCloud
from jetgen.errors import InputError
from jetgen.metrics.column_errors import column_errors
from jetgen.physics.features import measure_features


def sets(values, weights=None):
    mask = torch.ones(len(values), 1, dtype=torch.bool)
    features = (Feature("a"), Feature("b", "MW"), Feature("constant"))
    cloud = ParticleCloud(torch.tensor(values).unsqueeze(1), mask, features, weights=weights)
    return measure_features(cloud.with_conditions({Feature("given"): torch.ones(len(values))}))


def test_errors_are_those_of_scikit_learn():
    random = np.random.default_rng(1)
    x = np.column_stack([random.normal(3, 2, (400, 2)), np.ones(400)])
    y = x + random.normal(0, 1, x.shape) * [0.3, 5, 0.1]
    weights = random.uniform(0.5, 2, 400)
    found = column_errors(sets(x, torch.tensor(weights)), sets(y))
    assert [error.observable.name for error in found] == ["a", "b"]
    for column, error in enumerate(found):
        both = x[:, column], y[:, column]
        assert error.rmse == pytest.approx(root_mean_squared_error(*both, sample_weight=weights))
        assert error.r2 == pytest.approx(r2_score(*both, sample_weight=weights))
    assert found[0].r2 > 0.9 and found[1].r2 < 0


def test_another_number_of_sets_is_refused():
    with pytest.raises(InputError, match="each of the 3 sets, received 2"):
        column_errors(sets(np.ones((3, 3))), sets(np.ones((2, 3))))
