"""The report as files: complete, self-contained, readable by programs."""

import base64
import csv
import io
import json
import re

import numpy as np
import pytest
import torch
from PIL import Image

from jetgen.errors import InputError
from jetgen.evaluation.comparison import compare
from jetgen.metrics.latent import LatentSpace
from jetgen.physics.quantities import QUANTITIES
from jetgen.reports import Shown, write_report
from jetgen.reports.sections import PlannedSection, distribution
from jetgen.reports.style import lines

pytestmark = pytest.mark.slow

FIGURES = {
    "jet_images", "jet_displays", "jets_generation", "particles_generation",
    "substructure_generation", "polynomials_generation", "polynomials_reconstruction", "speeds",
    "correlation_matrices", "pair_planes", "residuals",
    "jets_reconstruction", "particles_reconstruction", "substructure_reconstruction",
    "latent_activity", "latent_columns", "latent_map", "latent_correlations", "training_curves",
}  # fmt: skip
SECTIONS = {
    "summary", "distances", "images", "gallery", "jets", "particles", "substructure",
    "polynomials", "speed",
    "correlations", "reconstruction", "latent", "training", "throughput", "definitions", "repeat",
    "cite",
}  # fmt: skip


def test_the_page_needs_nothing_from_elsewhere(made):
    text = re.sub(r'src="data:image/png;base64,[^"]+"', "", made.html)
    assert "<script" not in text
    assert not re.findall(r"https?:|//\w|@import|url\(", text)
    for target in re.findall(r'(?:src|href)="([^"]*)"', text):
        assert target.startswith("#") or target == "data:,", target


def test_every_section_that_is_linked_exists(made):
    anchors = set(re.findall(r'href="#([^"]+)"', made.html))
    assert set(re.findall(r'<section id="([^"]+)"', made.html)) == SECTIONS
    assert set(re.findall(r'<figure id="([^"]+)"', made.html)) == FIGURES
    assert anchors == SECTIONS | FIGURES


def test_every_section_says_how_to_read_it(made):
    for text in re.findall(r"<section id=.+?</section>", made.html, flags=re.DOTALL):
        assert re.search(r"<p[ >]|<div class=\"verdicts\"", text), text[:80]


def test_every_image_decodes_and_lies_beside_the_page(made):
    assert len(made.images) == len(FIGURES)
    for text in made.images:
        image = Image.open(io.BytesIO(base64.b64decode(text)))
        image.load()
        assert image.width > 500
        small = np.asarray(image.convert("RGB").resize((64, 64)))
        assert len(np.unique(small.reshape(-1, 3), axis=0)) > 5
    for name in FIGURES:
        assert not (made.folder / "figures" / f"{name}.pdf").exists()  # with `panels` only
        Image.open(made.folder / "figures" / f"{name}.png").verify()
    assert made.page.stat().st_size < 8e6


def test_text_from_outside_is_escaped(made):
    assert "A &lt;b&gt;run&lt;/b&gt; &amp; more" in made.html
    assert "<b>run</b>" not in made.html


def test_what_was_wrong_is_visible(made):
    assert "Read this first" in made.html
    assert "generated: 1 of 90 jets hold values that are not finite" in made.html


def test_provenance_and_timings_are_shown(made):
    for text in ("abc123", "jetgen train", "80 jets in 1.0 s", "1,234", "Toy jets."):
        assert text in made.html


def test_what_to_cite_is_listed_and_there_as_bibtex(made):
    assert "Auto-Encoding Variational Bayes</i>, 2013, arXiv:1312.6114" in made.html
    assert "% the &lt;objective&gt;\n@misc{Kingma:2013," in made.html


def test_codes_of_jets_that_are_left_out_are_left_out(toy_jets, tmp_path, monkeypatch):
    seen = {}

    def record(checked, latent, history, seed, merits):
        seen.update(jets=len(checked.real), codes=latent.codes[:, 0].tolist())
        return []

    real = toy_jets(60, 1)
    real.particles[7] = torch.nan
    codes = torch.arange(60.0).unsqueeze(1)
    latent = LatentSpace(codes, codes, codes, codes, "gaussian")
    samples = {"a": toy_jets(60, 2)}
    monkeypatch.setattr("jetgen.reports.jet_sections.jet_report_sections", record)
    write_report(tmp_path, Shown(real, samples, latent=latent))
    assert seen["jets"] == 59
    assert seen["codes"] == [k for k in range(60) if k != 7]


def test_the_table_is_the_same_on_the_page_in_csv_and_in_json(made):
    content = json.loads((made.folder / "table.json").read_text())
    with (made.folder / "table.csv").open() as handle:
        rows = list(csv.DictReader(handle))
    assert len(rows) == len(content["rows"])
    for row, record in zip(rows, content["rows"], strict=True):
        assert (row["quantity"], row["sample"]) == (record["quantity"], record["sample"])
        assert float(row["w1"]) == record["w1"]
        assert record["title"] in made.html
    assert content["jets"] == 80
    quantities = {record["quantity"] for record in content["rows"]}
    assert {"relative_mass", "particle_mean", "mass", "pt", "multiplicity"} <= quantities


def test_shuffled_particles_give_the_same_numbers(made):
    generator = torch.Generator().manual_seed(9)
    again = compare(
        made.real.shuffled(generator),
        {name: cloud.shuffled(generator) for name, cloud in made.samples.items()},
        made.training.shuffled(generator),
    ).records()
    rows = json.loads((made.folder / "table.json").read_text())["rows"]
    first = {(row["quantity"], row["sample"]): row for row in rows}
    for other in again:
        one = first[other["quantity"], other["sample"]]
        for key in ("w1", "uncertainty", "floor"):
            assert one[key] == pytest.approx(other[key], rel=1e-6, abs=1e-9), one["quantity"]


def test_without_history_and_reconstruction_there_are_no_such_sections(
    toy_jets, tmp_path, monkeypatch
):
    monkeypatch.setattr("jetgen.reports.report.save_figure", lambda *drawn, **options: b"")
    page = write_report(tmp_path, Shown(toy_jets(60, 1), {"a": toy_jets(60, 2)}))
    html = page.read_text(encoding="utf-8")
    for words in ("training", "reconstruction", "latent", "throughput", "cite"):
        assert f'id="{words}"' not in html
    assert "econstruct" not in html


def test_progress_names_each_step(made):
    assert made.steps[0] == "measure"
    assert made.steps[-1] == "write"
    drawn = [step for step in made.steps if step.startswith("draw ")]
    assert len(drawn) == len(FIGURES)


def test_nothing_is_written_for_jets_that_cannot_be_compared(toy_jets, tmp_path):
    with pytest.raises(InputError, match="at least 20 usable jets"):
        write_report(tmp_path / "r", Shown(toy_jets(60, 1), {"a": toy_jets(5, 2)}))
    assert not (tmp_path / "r").exists()


def test_every_panel_has_files_of_its_own(toy_jets, tmp_path, monkeypatch):
    def sections(checked, latent, history, seed, merits):
        looks = lines(list(checked.samples))
        quantities = [q for q in QUANTITIES if q.name in ("mass", "multiplicity")]
        figure = distribution("jets", checked.real, checked.samples, quantities, looks, "target")
        return [PlannedSection("jets", "Jets", "Read it.", (figure,))]

    monkeypatch.setattr("jetgen.reports.jet_sections.jet_report_sections", sections)
    page = write_report(tmp_path, Shown(toy_jets(60, 1), {"a": toy_jets(60, 2)}))
    found = {path.name for path in (tmp_path / "figures" / "jets").iterdir()}
    assert found == {"mass.pdf", "mass.png", "multiplicity.pdf", "multiplicity.png"}
    assert (tmp_path / "figures" / "jets.pdf").read_bytes().startswith(b"%PDF")
    assert "each panel in" in page.read_text(encoding="utf-8")

    def stopped(*args, **kwargs):
        raise KeyboardInterrupt

    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    monkeypatch.setattr("jetgen.reports.report.render", stopped)
    with pytest.raises(KeyboardInterrupt):  # which leaves no new figure beside the old page
        write_report(tmp_path, Shown(toy_jets(60, 3), {"a": toy_jets(60, 4)}))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_the_page_opens_with_a_verdict_on_every_sample(made):
    opening = made.html.index('<div class="verdicts">'), made.html.index('id="distances"')
    content = json.loads((made.folder / "table.json").read_text())
    assert set(content["headlines"]) == set(made.samples)
    for sample, verdict in content["headlines"].items():
        assert f'class="headline {verdict["word"]}"' in made.html[slice(*opening)]
        assert f"<b>{sample}: {verdict['word']}</b>" in made.html
    assert "it needs at least 500 jets" in content["headlines"]["generated"]["text"]
    assert content["headlines"]["generated"]["word"] != "indistinguishable"
    assert not {"pt", "eta", "phi", "multiplicity", "mass"} & set(content["counted"])


def test_nobody_calls_simulated_jets_real(made):
    text = re.sub(r'src="data:image/png;base64,[^"]+"|<code>.*?</code>', "", made.html)
    assert not re.findall(r"\breal\b", text.split('id="repeat"')[0])
