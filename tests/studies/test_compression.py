"""The regulariser that shifts least is found, and verdicts follow from shifts and sizes."""

import re

import pytest
import torch

from jetgen.cloud import Feature, ParticleCloud
from jetgen.compression.compressors import ROUNDED, Cost
from jetgen.compression.fidelity import Restored, kinematics
from jetgen.compression.peaks import Peak
from jetgen.metrics.peak_fits import SHAPES
from jetgen.studies.compression import (
    _answer,
    _convolved,
    _deeper,
    _disturbances,
    _fits,
    _kept,
    _quantised,
    _smaller,
)
from jetgen.studies.compression_figures import _peaks, _pulls, _residuals, _shapes
from jetgen.studies.compression_runs import (
    COARSE,
    CONV,
    DEEP,
    DISCRETE,
    OBJECTIVES,
    SAMPLES,
    WINDOWS,
    Found,
)

FEATURES = (Feature("pt", "GeV"), Feature("eta"), Feature("phi", "rad"), Feature("mass", "GeV"))
PEAKS = {"w": (80.0, 2.0), "top": (175.0, 4.0)}
SHIFTS = {"ae": 0.0, "vae": 0.6, "wae": 0.02, "swae": 1.0, "aae": -1.0}
"""GeV by which the jets of each objective become heavier."""


def jets(sample: str, *, heavier: float = 0.0, seed: int = 1) -> ParticleCloud:
    """Jets whose mass is normal, so that every shape describes the peak."""
    generator = torch.Generator().manual_seed(7)
    noise = torch.randn((600, 4), generator=generator, dtype=torch.float64)
    mean, width = PEAKS[sample]
    jitter = torch.randn(600, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    mass = mean + width * noise[:, 3] + heavier + 0.3 * jitter
    columns = torch.stack([1000 + 60 * noise[:, 0], noise[:, 1], noise[:, 2].tanh(), mass], dim=1)
    return ParticleCloud(columns.unsqueeze(1), torch.ones(600, 1, dtype=torch.bool), FEATURES)


def peak(sample: str, before: dict, heavier: float, seed: int) -> Peak:
    after = kinematics(jets(sample, heavier=heavier, seed=seed))
    restored = Restored(kinematics(jets(sample)), after, 3.0)
    return Peak(restored, before[sample], WINDOWS[sample].fits(after), WINDOWS[sample])


@pytest.fixture(scope="module")
def found() -> Found:
    before = {sample: WINDOWS[sample].fits(kinematics(jets(sample))) for sample in SAMPLES}
    peaks = {
        objective: [
            {s: peak(s, before, shift, seed + 10 * i) for s in SAMPLES} for seed in (4, 5, 6)
        ]
        for i, (objective, shift) in enumerate(SHIFTS.items())
    }
    shifts = {
        objective: {s: dict.fromkeys(SHAPES, p.shifts("gaussian", 10)) for s, p in of[0].items()}
        for objective, of in peaks.items()
    }
    sizes = {ROUNDED.title: 50, "AE, codes": 10, "AE, residuals": 60, "VAE, residuals": 61}
    costs = [Cost(title, size, 160, 10, 1e-3, 1e-3, 1.0) for title, size in sizes.items()]
    return Found(peaks, shifts, costs)


def test_the_objective_that_shifts_least_is_found(found):
    assert found.ranking()[0] == "wae"
    assert found.disturbances("vae") == pytest.approx([0.3] * 3, abs=0.06)
    assert found.fitted_disturbances("vae", "gaussian") == pytest.approx([0.3] * 3, abs=0.05)
    assert "WAE changes median and width of peaks least" in _answer("momenta", found)
    assert ", a significant difference" in _answer("momenta", found)


def test_claims_follow_from_shifts_and_sizes(found):
    assert _kept(found).verdict == "confirmed", _kept(found).evidence
    moved = Found(
        {**found.peaks, "ae": found.peaks["vae"]},
        dict.fromkeys(OBJECTIVES, found.shifts["vae"]),
        found.costs,
    )
    assert _kept(moved).verdict == "not confirmed"
    assert _smaller("momenta", found).verdict == "not confirmed"
    assert "2.62 to 2.67, of rounded, zstd 3.20" in _smaller("momenta", found).evidence


def test_further_models_are_compared_with_those_that_they_change(found):
    peaks = found.peaks
    more = {COARSE: "vae", DISCRETE: "wae", DEEP: "wae", CONV: "swae"}
    wider = Found({**peaks, **{m: peaks[o] for m, o in more.items()}}, found.shifts, found.costs)
    assert _quantised(wider).verdict == "confirmed"  # 0.6 and 0.02 GeV
    assert _convolved(wider).verdict == "not confirmed"  # 0 and 1 GeV
    claim = _deeper({"momenta": wider, "constituents": wider})
    assert claim.verdict == "confirmed"
    value = re.search(r"four-momenta (\S+)", claim.evidence)[1]
    assert float(value) == pytest.approx(0.5, abs=0.1)
    table = _disturbances({"momenta": found, "constituents": wider})
    assert table.rows[-1][:2] == ["AE, convolutions", "–"]
    assert {len(row) for row in table.rows} == {len(table.columns)}


def test_jets_of_a_peak_are_followed_out_of_its_window(found):
    before = {sample: found.before(sample) for sample in SAMPLES}
    gone = {sample: peak(sample, before, 100.0, 2) for sample in SAMPLES}
    assert not gone["w"].after and not gone["w"].shifts("gaussian", 10)
    shifts = {sample: {shape: {} for shape in SHAPES} for sample in SAMPLES}
    lost = Found({**found.peaks, "ae": [gone, gone]}, {**found.shifts, "ae": shifts}, found.costs)
    assert lost.disturbances("ae") == pytest.approx([50, 50], abs=0.1)  # median 100, width 0
    half = peak("w", before, 20.0, 2).changes()  # most jets are above the window
    assert half["median"] == pytest.approx(20, abs=0.1)
    assert half["width"] == pytest.approx(0, abs=0.1)
    assert lost.fitted_disturbances("ae", "gaussian") == []
    assert "W jets: the peak is outside the window" in _kept(lost).evidence
    assert "outside the window" in _fits("gaussian", {"momenta": lost}).rows[1]
    assert _peaks("momenta", lost).figure.axes[0].texts[0].get_text() == "no peak after"


def test_tables_and_figures_show_every_objective(found):
    both = {"momenta": found, "constituents": found}
    assert [row[0] for row in _disturbances(both).rows] == list(OBJECTIVES.values())
    rows = _fits("gaussian", both).rows
    assert len(rows) == 2 * 2 * (1 + len(OBJECTIVES))
    assert {len(row) for row in rows} == {len(_fits("gaussian", both).columns)}
    panels = [len(draw("momenta", found).figure.axes) for draw in (_peaks, _shapes, _residuals)]
    assert panels == [2 * len(OBJECTIVES), 2 * len(SHAPES), 2 * 4]
    assert len(_pulls("momenta", found, "w").figure.axes) == 3 * 4
