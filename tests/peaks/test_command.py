"""``jetgen peaks`` says how a peak changes from one file to another."""

import csv
import re
from pathlib import Path

import numpy as np
import pytest

from jetgen.cli.main import main
from jetgen.config.peaks import PeaksConfig
from jetgen.errors import InputError
from jetgen.peaks.command import peaks


def table(path: Path, number: int, shift: float = 0.0) -> str:
    """A CSV file of jets with a mass peak, and the same with a shift and some noise."""
    random = np.random.default_rng(1)
    mass = random.normal(80, 4, number) + shift * random.normal(1, 0.5, number)
    lines = [
        f"{m:.6f},{pt:.3f}" for m, pt in zip(mass, random.normal(500, 30, number), strict=True)
    ]
    path.write_text("\n".join(["mass,pt", *lines]) + "\n")
    return str(path)


def rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(encoding="utf-8") as file:
        return {next(iter(row.values())): row for row in csv.DictReader(file)}


def test_a_shift_is_found_with_its_error(tmp_path, capsys):
    before, after = table(tmp_path / "a.csv", 800), table(tmp_path / "b.csv", 800, shift=1.0)
    output = tmp_path / "out"
    words = ["peaks", before, after, "--window", "65:95", "--output", str(output)]
    assert main([*words, "--replicas", "50"]) == 0
    said = re.search(r"median of mass changes by (\S+) ± (\S+) ", capsys.readouterr().out)
    change, error = map(float, said.groups())
    assert abs(change - 1) < 5 * error
    found = rows(output / "shifts.csv")
    assert float(next(r for t, r in found.items() if "median" in t)["change / error"]) > 5
    with (output / "fits.csv").open(encoding="utf-8") as file:
        fits = list(csv.DictReader(file))
    assert len(fits) == 6 and float(fits[0]["p-value"]) > 0.01
    assert (output / "figures/peak.png").exists()


def test_what_cannot_be_compared_is_said(tmp_path):
    before, after = table(tmp_path / "a.csv", 60), table(tmp_path / "b.csv", 50)
    with pytest.raises(InputError, match=r"the 60 jets of .* in the same order, received 50"):
        peaks(PeaksConfig(before, after, "65:95"))
    with pytest.raises(InputError, match="expected one of mass, pt, received 'm'"):
        peaks(PeaksConfig(before, before, "65:95", observable="m"))
    with pytest.raises(InputError, match="expected LOW:HIGH with LOW below HIGH, received '95:65'"):
        PeaksConfig(before, after, "95:65")
    (tmp_path / "one.csv").write_text("mass\n" + 60 * "80\n")
    with pytest.raises(InputError, match=r"different values of mass .* received 80 alone"):
        peaks(PeaksConfig(before, str(tmp_path / "one.csv"), "65:95"))


def test_a_shape_that_does_not_describe_the_peak_has_no_parameters(tmp_path):
    double = tmp_path / "double.csv"
    values = np.concatenate([np.full(300, 70.0), np.full(300, 90.0)])
    lines = [f"{m},{500 + k % 7}" for k, m in enumerate(values)]
    double.write_text("\n".join(["mass,pt", *lines]))
    config = PeaksConfig(str(double), str(double), "65:95", replicas=20, output=str(tmp_path / "p"))
    peaks(config)
    with (tmp_path / "p/fits.csv").open(encoding="utf-8") as file:
        fits = list(csv.DictReader(file))
    assert {row["position"] for row in fits} == {"–"}
    assert all("does not describe the peak" in row["p-value"] for row in fits)
