"""One small report that several tests look at."""

import re
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from jetgen.citing.bibliography import VAE, Citation
from jetgen.metrics.latent import LatentSpace
from jetgen.physics.baselines import independent_particles
from jetgen.reports import write_report
from jetgen.reports.page import Rate

HISTORY = """epoch,seconds,learning_rate,train_total,train_kl,validation_total,validation_kl
1,1.0,0.001,10.5,2.0,11.0,2.1
2,2.1,0.001,1.5,3.0,2.0,
3,3.3,0.001,0.2,3.5,0.5,3.7
"""


@pytest.fixture(scope="session")
def made(toy_jets, tmp_path_factory):
    folder = tmp_path_factory.mktemp("report")
    history = folder / "metrics.csv"
    history.write_text(HISTORY)
    real, training = toy_jets(80, 1), toy_jets(160, 2)
    samples = {
        "reconstructed": real.shuffled(torch.Generator().manual_seed(0)),
        "generated": toy_jets(90, 3, width=0.2),
        "independent particles": independent_particles(
            training, 80, torch.Generator().manual_seed(0)
        ),
    }
    samples["generated"].particles[4] = torch.nan
    generator = torch.Generator().manual_seed(4)
    codes, prior = torch.randn(2, 80, 3, generator=generator)
    steps: list[str] = []
    page = write_report(
        folder,
        real=real,
        samples=samples,
        training=training,
        title="A <b>run</b> & more",
        description="Toy jets.",
        provenance={"command": ["jetgen", "train"], "config": {"deep": {"hash": "abc123"}}},
        history=history,
        latent=LatentSpace(codes, torch.zeros(80, 3), codes, prior, "flow"),
        rates=[Rate("Generate", 1234.5, "80 jets in 1.0 s")],
        citations=[Citation(VAE, "the <objective>")],
        progress=steps.append,
    )
    html = page.read_text(encoding="utf-8")
    images = re.findall(r'<img src="data:image/png;base64,([^"]+)"', html)
    return SimpleNamespace(
        folder=Path(folder), page=page, html=html, images=images, steps=steps,
        real=real, samples=samples, training=training,
    )  # fmt: skip
