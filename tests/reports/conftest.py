"""One small report that several tests look at, and what is wrong with the text of a figure."""

import re
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.transforms import Bbox

from jetgen.citing.bibliography import VAE, Citation
from jetgen.metrics.latent import LatentSpace
from jetgen.physics.baselines import independent_particles
from jetgen.reports import About, Shown, write_report
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
    shown = Shown(
        real=real,
        samples=samples,
        training=training,
        history=history,
        latent=LatentSpace(codes, torch.zeros(80, 3), codes, prior, "flow"),
    )
    about = About(
        title="A <b>run</b> & more",
        description="Toy jets.",
        provenance={"command": ["jetgen", "train"], "config": {"deep": {"hash": "abc123"}}},
        rates=[Rate("Generate", 1234.5, "80 jets in 1.0 s"), Rate("Simulate", 12.0, "recorded")],
        citations=[Citation(VAE, "the <objective>")],
        attributes={"jet_class": "toy", "config": {"energy": 13000.0, "radius": 0.8}},
    )
    page = write_report(folder, shown, about, panels=False, progress=steps.append)
    html = page.read_text(encoding="utf-8")
    images = re.findall(r'<img [^>]*src="data:image/png;base64,([^"]+)"', html)
    return SimpleNamespace(
        folder=Path(folder), page=page, html=html, images=images, steps=steps,
        real=real, samples=samples, training=training,
    )  # fmt: skip


_TOLERANCE = 1.5
"""Pixels that two boxes may share: boxes are a little larger than their letters."""


def _faults(figure: Figure, area: Bbox | None = None) -> list[str]:
    """A line for each text that leaves the saved area (inches) or covers another."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    area = (area or figure.bbox_inches).transformed(figure.dpi_scale_trans)
    texts = [(text, box) for text, box in _texts(figure, canvas.get_renderer()) if box.width > 0]
    found = [
        f"clipped: {text!r}"
        for text, box in texts
        if box.x0 < area.x0 - 1 or box.y0 < area.y0 - 1
        or box.x1 > area.x1 + 1 or box.y1 > area.y1 + 1
    ]  # fmt: skip
    for (one, first), (other, second) in combinations(texts, 2):
        shared = Bbox.intersection(first, second)
        if shared is not None and min(shared.width, shared.height) > _TOLERANCE:
            found.append(f"{one!r} covers {other!r}")
    return found


def _texts(figure: Figure, renderer: object) -> Iterator[tuple[str, Bbox]]:
    for text in figure.texts:
        yield text.get_text(), text.get_window_extent(renderer)
    for legend in figure.legends:
        for text in legend.get_texts():
            yield text.get_text(), text.get_window_extent(renderer)
    for axes in [*figure.axes, *(child for a in figure.axes for child in a.child_axes)]:
        if not axes.get_visible():
            continue
        legend = axes.get_legend()
        words = [*axes.texts, axes.title, axes._left_title, axes._right_title]
        words += legend.get_texts() if legend else []
        for axis in (axes.xaxis, axes.yaxis):
            words += [axis.label, axis.get_offset_text()]
            for tick in axis._update_ticks():
                words += [label for label in (tick.label1, tick.label2) if label.get_visible()]
        for text in words:
            if text.get_visible() and text.get_text():
                yield text.get_text(), text.get_window_extent(renderer)


@pytest.fixture(scope="session")
def faults():
    """A line for each text of a figure that is clipped or covered."""
    return _faults
