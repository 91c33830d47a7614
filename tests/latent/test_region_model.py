"""A saved classifier of a region: curved regions, a switched tail, and the file."""

import pytest
import torch

from jetgen.errors import InputError
from jetgen.files.checkpoint import Checkpoint
from jetgen.latent.region_model import RegionModel, fit_region, validate_region


@pytest.fixture
def shell():
    """Codes, those within a circle in two of three dimensions, and a column that differs there."""
    codes = torch.randn(3000, 3, generator=torch.Generator().manual_seed(2)) * 2 + 1
    inside = (codes[:, :2] - 1).norm(dim=1) < 1.5
    values = torch.where(inside, 10 + 3 * codes[:, 2], -codes[:, 2]).double()
    return codes, inside, values


def test_a_curved_region_is_found_and_switches_the_regressors(shell):
    codes, inside, values = shell
    found = validate_region(codes, inside, values)
    assert found.auc > 0.98
    one, two, told = found.regressors.values()
    assert told[0] < 0.1 < two[0] < 0.7 * one[0]  # rmse
    assert told[1] > 0.999 and two[1] > one[1]
    model = fit_region(codes, inside, "a < 1", "abc", "c", values)
    assert float(((model.probability(codes) > 0.5) == inside).double().mean()) > 0.9


def test_the_file_gives_the_same_predictions_for_the_same_run_only(shell, tmp_path):
    codes, inside, values = shell
    model = fit_region(codes, inside, "a < 1", "abc", "c", values)
    model.save(tmp_path / "region.safetensors")
    again = RegionModel.load(tmp_path / "region.safetensors", "abc")
    assert again.region == "a < 1" and again.tail is not None and again.tail.column == "c"
    assert torch.equal(again.probability(codes), model.probability(codes))
    assert torch.equal(again.predict(codes), model.predict(codes))
    with pytest.raises(InputError, match=r"of this run \(weights other\), received .*\(abc\)"):
        RegionModel.load(tmp_path / "region.safetensors", "other")
    Checkpoint({}, {}).save(tmp_path / "run.safetensors")
    with pytest.raises(InputError, match="expected a file of `save_classifier`"):
        RegionModel.load(tmp_path / "run.safetensors", "abc")


def test_few_sets_and_an_absent_tail_are_refused(shell):
    codes, inside, _ = shell
    with pytest.raises(InputError, match="at least 20 sets inside and outside"):
        fit_region(codes, torch.arange(len(codes)) < 19, "", "")
    with pytest.raises(InputError, match="saved with `tail`"):
        fit_region(codes, inside, "", "").predict(codes)
