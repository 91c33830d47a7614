"""The short table for the terminal."""

import io
import json

import pytest
from rich.console import Console

from jetgen.evaluation.table import metrics_table
from jetgen.reports.terminal import print_table


def test_the_table_names_quantities_samples_and_warnings(made):
    out = io.StringIO()
    print_table(made.folder / "table.json", Console(file=out, width=80))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    words = " ".join(text.split())
    for part in ("jet mass [GeV]", "floor", "80 jets of each sample with 80 simulated ones"):
        assert part in words
    assert "warning: generated: 1 of 90 jets" in words
    content = json.loads((made.folder / "table.json").read_text())
    verdicts = content["headlines"]
    for sample, verdict in verdicts.items():
        assert f"{sample}: {verdict['word'].upper()}. {verdict['text']}" in words
    assert words.endswith(verdicts[content["rows"][-1]["sample"]]["text"])


@pytest.mark.parametrize("samples", [1, 2, 4, 8])
def test_the_table_fits_80_columns_with_any_number_of_samples(samples):
    record = {
        "title": "relative pT of the 20th hardest particle", "printed_unit": "10⁻³ rad",
        "scale": 1e-3, "value": 1.2345, "floor": 0.0123, "spreads_above_floor": 123.4,
        "verdict": "different", "given": False,
    }  # fmt: skip
    names = [f"a sample of some length {k}" for k in range(samples)]
    content = {
        "mode": "disjoint", "noun": "jets", "compared": "all", "counted": ["w"], "warnings": [],
        "merits": {}, "rows": [{"metric": "w", "sample": name, **record} for name in names],
        "headlines": {name: {"word": "close", "text": "Near."} for name in names},
    }  # fmt: skip
    out = io.StringIO()
    Console(file=out, width=80).print(metrics_table(content))
    text = out.getvalue()
    assert max(map(len, text.splitlines())) <= 80
    assert text.count("1234 (+123)") == samples
