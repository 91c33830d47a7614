"""The report of sets with named features: every part, in words of entries."""

import json
import re

import pytest
import torch

from jetgen.cloud import Feature, ParticleCloud
from jetgen.kinds import ENTRIES
from jetgen.metrics.latent import LatentSpace
from jetgen.reports import About, Shown, write_report

pytestmark = pytest.mark.slow

ROW = (Feature("a", "cm"), Feature("b"), Feature("charge"))


def table(number, seed):
    generator = torch.Generator().manual_seed(seed)
    a = torch.randn(number, generator=generator)
    charge = torch.randint(0, 2, (number,), generator=generator) * 2.0 - 1
    b = a**2 + 0.1 * torch.randn(number, generator=generator)
    mask = torch.ones(number, 1, dtype=torch.bool)
    cloud = ParticleCloud(torch.stack([a, b, charge], dim=1).unsqueeze(1), mask, ROW)
    return cloud.with_conditions({Feature("type"): (charge + 1) / 2})


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("columns")
    real = table(150, 1)
    codes = real.particles[:, 0]
    history = folder / "metrics.csv"
    history.write_text("stage,epoch,train_total,validation_total\nautoencoder,1,2,3\n")
    shown = Shown(
        real=real,
        samples={"reconstructed": real, "generated": table(150, 2)},
        kind=ENTRIES,
        training=table(200, 3),
        history=history,
        latent=LatentSpace(codes, codes - 5, codes, codes, "Gaussian"),
    )
    return write_report(folder / "report", shown, About(title="Entries"))


def test_every_section_is_there_and_speaks_of_entries(made):
    text = re.sub(r'src="data:image/png;base64,[^"]+"', "", made.read_text(encoding="utf-8"))
    assert set(re.findall(r'<section id="([^"]+)"', text)) == {
        "summary", "distances", "columns", "correlations", "reconstruction",
        "latent", "training", "definitions", "repeat",
    }  # fmt: skip
    assert set(re.findall(r'<figure id="([^"]+)"', text)) == {
        "columns_generation", "columns_reconstruction", "correlation_matrices", "pair_planes",
        "latent_activity", "latent_columns", "latent_map", "latent_correlations",
        "training_curves",
    }  # fmt: skip
    assert not re.search(r"\b(jets?|particles?)\b", text.split("How to reproduce")[0])


def test_the_table_and_the_classifier_are_in_the_json_file(made):
    content = json.loads(made.with_name("table.json").read_text())
    assert content["noun"] == "entries"
    quantities = {row["quantity"] for row in content["rows"]}
    assert quantities == {"a", "b", "charge", "type", "mean_w1", "correlations", "pairs"}
    assert "type" not in content["counted"] and "a" in content["counted"]  # a condition is given
    assert content["merits"] == {"reconstructed": {}, "generated": {}}  # too few
    assert "at least 500 entries" in content["headlines"]["generated"]["text"]
