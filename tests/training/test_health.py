"""A model that failed is called so: after its training, in its file, in generate, in the report."""

import json

import pytest
import torch

from jetgen.config.generate import GenerateConfig
from jetgen.config.train import TrainConfig
from jetgen.errors import HealthWarning
from jetgen.generation.command import generate
from jetgen.objectives import flow_matching
from jetgen.objectives.weaknesses import collapsed, still_falling, worse_than_gaussian
from jetgen.priors.gaussian import GaussianPrior
from jetgen.reports import command as report_command
from jetgen.runs.folder import RunFolder
from jetgen.training.command import train


class Shifted(GaussianPrior):
    """Normal codes about another centre."""

    def sample(self, context, generator=None):
        return super().sample(context, generator) + 0.5


def test_codes_that_say_nothing_are_a_collapse():
    noise = torch.randn(200, 4, generator=torch.Generator().manual_seed(1))
    assert "0 of 4 latent dimensions" in collapsed(0.01 * noise)["posterior collapse"]
    assert collapsed(torch.cat([0.01 * noise[:, :3], noise[:, 3:]], dim=1)) == {}


@pytest.mark.parametrize("seed", range(5))
def test_a_prior_is_compared_with_the_gaussian_one(seed):
    generator = torch.Generator().manual_seed(seed)
    codes, context = torch.randn(300, 4, generator=generator), torch.zeros(300, 0)
    good, bad = GaussianPrior(4), Shifted(4)
    assert worse_than_gaussian(good, good, codes, context, generator) == {}
    assert "bad prior" in worse_than_gaussian(bad, good, codes, context, generator)
    assert worse_than_gaussian(bad, good, codes + 0.5, context, generator) == {}


@pytest.mark.parametrize(
    ("losses", "falling"),
    [
        ([2.0 - 0.05 * k for k in range(20)], True),
        ([1.0 + 0.5**k for k in range(40)], False),
        ([1.0] * 10, False),
        ([1.0], False),
    ],
)
def test_a_loss_still_falling_at_the_end_is_noticed(losses, falling):
    rows = [{"validation_total": str(loss)} for loss in losses]
    assert bool(still_falling(rows)) == falling


def test_findings_reach_the_terminal_the_file_generate_and_the_report(
    tmp_path, gaussian_file, monkeypatch
):
    config = TrainConfig(
        data=[str(gaussian_file)], run=str(tmp_path / "run"), objective="flow-matching",
        particles=12, hidden=8, layers=1, batch=64, epochs=1, solver_steps=2, device="cpu",
    )  # fmt: skip
    fault = {"not converged": "the validation loss still fell"}
    monkeypatch.setattr(flow_matching, "still_falling", lambda history: fault)
    with pytest.warns(HealthWarning, match="flow-matching: not converged: the validation loss"):
        folder = RunFolder(train(config))
    (finding,) = json.loads(folder.health_file.read_text())["findings"]
    assert (finding["stage"], finding["kind"]) == ("flow-matching", "not converged")
    with pytest.warns(HealthWarning, match="not converged"):
        generate(GenerateConfig(runs=[str(folder.path)], jets=30, device="cpu"))
    pages = []
    monkeypatch.setattr(
        report_command, "write_report", lambda folder, shown, about, **_: pages.append(about)
    )
    report_command.report(report_command.ReportConfig(run=str(folder.path)))
    assert pages[0].description.startswith("Warning: flow-matching: not converged: ")


def test_a_healthy_run_has_an_empty_list(tmp_path, gaussian_file):
    config = TrainConfig(
        data=[str(gaussian_file)], run=str(tmp_path / "run"), objective="gan", particles=12,
        hidden=8, layers=1, batch=64, epochs=1, device="cpu",
    )  # fmt: skip
    folder = RunFolder(train(config))
    assert json.loads(folder.health_file.read_text()) == {"findings": []}
