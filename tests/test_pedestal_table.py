"""A table as people have them, from CSV to where its high densities live in latent space."""

import csv

import numpy as np
import pytest

import jetgen
from jetgen.cli.main import main

DENSITY, POWER = "nepedheight1019(m-3)", "P_TOT=PNBI+PICRH(MW)"
COLUMNS = f"Ip(MA),{POWER},wall,pellets,{DENSITY}"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a table of 800 rows: text, integers, zeros among numbers, missing values."""
    random, rows = np.random.default_rng(3), 800
    current, wall = random.uniform(1, 4, rows), random.choice(["carbon", "ITER-like"], rows)
    power = np.where(random.random(rows) < 0.4, 0, random.gamma(3, 3, rows))
    density = 2 * current * (1 + 0.2 * (wall == "carbon")) * np.exp(random.normal(0, 0.05, rows))
    columns = {
        "Ip(MA)": current.round(4),
        POWER: power.round(4),
        "wall": wall,
        "pellets": random.poisson(3, rows),
        DENSITY: ["" if random.random() < 0.03 else f"{value:.4f}" for value in density],
        "width": (0.1 * density + random.normal(0, 0.01, rows)).round(5),
    }
    with (tmp_path / "pedestal.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(zip(*columns.values(), strict=True))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.slow
@pytest.mark.usefixtures("without_figures")
@pytest.mark.filterwarnings("always")
def test_the_commands_find_where_high_densities_live(folder, capsys):
    train = {
        "data": "pedestal.csv", "columns": COLUMNS, "target": "width", "run": "runs/table",
        "encoder": "dense", "decoder": "dense", "loss": "mse", "latent": 3, "hidden": 32,
        "layers": 2, "batch": 32, "epochs": 40, "learning-rate": 0.005, "beta": 0.01,
        "prior": "gaussian", "device": "cpu",
    }  # fmt: skip
    options = [word for name, value in train.items() for word in (f"--{name}", str(value))]
    assert main(["train", "--drop-missing", *options]) == 0
    with (folder / "pedestal.csv").open(encoding="utf-8") as file:
        kept = sum(bool(row[DENSITY]) for row in csv.DictReader(file))
    assert f"{kept} of 800 sets are kept; left out: {800 - kept} without {DENSITY}" in (
        capsys.readouterr().err.replace(",", "")
    )
    region = f'"{DENSITY}" > 6.5 and abs("Ip(MA)" - 3) < 2'
    words = ["latent", "runs/table", "--region", region, "--colour", DENSITY, "--columns", "2"]
    words += ["--tail", "width", "--save-classifier", "high.safetensors", "--steps", "3"]
    assert main(words) == 0
    said = capsys.readouterr()
    assert "cross-validation" in said.err
    text = (folder / "runs/table/latent/results.md").read_text(encoding="utf-8")
    assert "From the codes, boosted trees separate them" in text
    with (folder / "runs/table/latent/tail.csv").open(encoding="utf-8") as file:
        tail = {row["regressor"]: float(row["R²"]) for row in csv.DictReader(file)}
    assert tail["two, switched by the classifier"] > 0.5
    assert main(["latent", "runs/table", "--classifier", "high.safetensors"]) == 0
    with (folder / "runs/table/latent/predictions.csv").open(encoding="utf-8") as file:
        found = list(csv.DictReader(file))
    assert {"number", "probability", "predicted width", "width"} == set(found[0])
    high = np.array([float(row["width"]) > 0.7 for row in found])
    probability = np.array([float(row["probability"]) for row in found])
    assert probability[high].mean() > probability[~high].mean() + 0.3
    assert main(["report", "runs/table"]) == 0  # without a generated file
    assert main(["generate", "runs/table", "--jets", "300"]) == 0
    made = jetgen.read("runs/table/generated.h5")
    walls = made.feature("wall=carbon") + made.feature("wall=ITER-like")
    assert walls.unique().tolist() == [1]
    assert bool((made.feature("pellets") == made.feature("pellets").round()).all())
    assert 0.05 < float((made.feature(POWER) == 0).float().mean()) < 0.95
