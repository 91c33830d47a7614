"""Models that come with jetgen: found by name, the same jets as their run, without its data."""

import json
import shutil
from pathlib import Path

import pytest
import torch

import jetgen
from jetgen import pretrained
from jetgen.cli.main import main
from jetgen.config.models import ModelsConfig
from jetgen.errors import InputError
from jetgen.files.whole import sha256
from jetgen.pretrained import shipped_models
from jetgen.pretrained.command import models, summary
from jetgen.reports import beside
from jetgen.runs.named import named
from jetgen.runs.trained_model import load

CLASSES = ["gluon", "top"]


def same(first, second):
    return first.particles.equal(second.particles) and first.conditions.equal(second.conditions)


def test_a_model_of_several_classes_has_a_name_for_each(shipped):
    assert list(shipped_models()) == ["jets12", "gluon12", "top12"]
    assert {model.folder for model in shipped_models().values()} == {shipped}


def test_a_damaged_card_ends_in_one_line(tmp_path, monkeypatch, mutated):
    """Of all that ``jetgen models`` prints of a model, whatever is missing or has another type."""
    source = next(model.folder for model in shipped_models().values() if model.card["metrics"])
    card = tmp_path / source.name / "card.json"
    card.parent.mkdir()
    whole = json.loads((source / "card.json").read_text(encoding="utf-8"))
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    generator = torch.Generator().manual_seed(1)
    damaged = [json.dumps(whole | {key: odd}) for key in whole for odd in (None, 1, [], {}, "x")]
    damaged += [json.dumps({key: whole[key] for key in whole if key != left}) for left in whole]
    texts = [text.encode() for text in damaged]
    texts += [mutated(json.dumps(whole).encode(), generator) for _ in range(200)]
    errors = 0
    for text in texts:
        card.write_bytes(text)
        for name in (None, source.name):
            try:
                models(ModelsConfig(name=name))
            except InputError as error:
                errors += 1
                assert "\n" not in str(error)
    assert errors > 100


@pytest.mark.parametrize("jet_type", CLASSES)
def test_a_name_makes_the_jets_of_the_run_with_its_class(shipped, run, jet_type):
    made = jetgen.load(f"{jet_type}12").generate(300, seed=4, fix={"pt": 1000})
    assert same(made, load(run).generate(300, seed=4, fix={"type": jet_type, "pt": 1000}))


def test_the_whole_model_makes_all_classes(shipped, run):
    made = jetgen.load("jets12").generate(300, seed=4)
    assert same(made, load(run).generate(300, seed=4))
    assert len(made.condition("type").unique()) == 2


def test_the_command_writes_the_same_jets_here_and_needs_no_data(
    shipped, run, files, tmp_path, monkeypatch, capsys
):
    monkeypatch.chdir(tmp_path)
    (files / "training.h5").rename(files / "away.h5")
    try:
        assert main(["generate", "top12", "--jets", "100", "--fix", "n=7"]) == 0
        made = jetgen.read("top12.h5")
        assert same(made, jetgen.generate(run, 100, fix={"n": 7, "type": "top"}, output="run.h5"))
        assert {path.name for path in shipped.parent.iterdir()} == {"jets12"}
        assert main(["cite", "top12"]) == 0
    finally:
        (files / "away.h5").rename(files / "training.h5")
    assert "author" in capsys.readouterr().out


def test_a_run_of_that_name_goes_first(shipped, run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("gluon12").mkdir()
    assert named("gluon12").folder.path == shipped  # an empty folder is no run
    Path("gluon12").rmdir()
    shutil.copytree(run, "gluon12")
    assert named("gluon12").folder.path == Path("gluon12")


def test_an_unknown_name_gives_one_line_with_the_known_ones(shipped):
    with pytest.raises(InputError, match=r"gluon13: .* \(jets12, gluon12, top12\).*'gluon12'"):
        jetgen.load("gluon13")


def test_the_class_of_a_name_cannot_be_changed(shipped):
    with pytest.raises(InputError, match="no type with gluon12, whose type is always gluon"):
        jetgen.load("gluon12").generate(1, fix={"type": "top"})


def test_a_name_stands_for_the_share_of_its_class(shipped):
    whole = load("jets12").event_weight
    parts = [load(f"{jet_type}12").event_weight for jet_type in CLASSES]
    assert sum(parts) == pytest.approx(whole) and min(parts) < 0.6 * whole


def test_what_needs_the_encoder_is_refused(shipped, files):
    model = load("gluon12")
    assert not model.reconstructs
    with pytest.raises(InputError, match="gluon12: expected a run with its encoder"):
        model.reconstruct(model.generate(2))


def test_only_what_generation_needs_is_packed(shipped, run):
    stored = (shipped / "checkpoints" / "best.safetensors").stat().st_size
    assert stored < 0.8 * (run / "checkpoints" / "best.safetensors").stat().st_size
    for path in shipped.rglob("*.*"):
        if path.suffix in (".json", ".yaml"):
            assert str(run.parent.parent) not in path.read_text()


def test_jets_to_compare_with_are_of_the_class_of_the_name(shipped, files):
    model = load("top12")
    chosen = model.comparable(files / "test.h5")
    assert chosen.condition("type").unique().tolist() == [2]
    every = jetgen.read(files / "test.h5")
    assert len(chosen) == int((every.condition("type") == 2).sum())
    assert same(chosen, model.comparable(every))


def test_a_report_of_a_name_compares_with_a_file_or_with_jets(shipped, files, monkeypatch):
    written = []
    monkeypatch.setattr(
        "jetgen.reports.command.write_report",
        lambda folder, shown, *_, **given: written.append(shown),
    )
    with pytest.raises(InputError, match="expected `real`, a file with jets"):
        jetgen.report("top12")
    jetgen.report("top12", str(files / "test.h5"), jets=50)
    jetgen.report(load("top12"), jetgen.read(files / "test.h5"), jets=50)
    of_file, of_cloud = written
    assert same(of_file.real, of_cloud.real) and len(of_file.real) == 50
    assert same(of_file.samples["generated"], load("top12").generate(50, seed=42))
    assert same(of_file.samples["generated"], of_cloud.samples["generated"])
    assert of_file.training is None


def test_a_model_is_shown_beside_a_run(shipped, run, tmp_path, monkeypatch):
    written = []
    monkeypatch.setattr(
        "jetgen.reports.command.write_report",
        lambda folder, shown, about, **_: written.append((shown, about)),
    )
    copy = shutil.copytree(run, tmp_path / "run")
    jetgen.generate(copy, 100, output=copy / "generated.h5")
    jetgen.report(copy, beside=["top12"])
    monkeypatch.setattr(beside.Cuts, "of", lambda attributes: beside.Cuts(20.0, 0.0, 1e9))
    jetgen.report(copy, beside=["top12"])
    real = written[0][0].real
    number = len(real)
    every, hard = (shown.samples["top12"] for shown, _ in written)
    assert len(every) == len(hard) == number and hard.features == real.features
    assert same(every, load(run).comparable(load("top12").generate(2 * number, seed=42))[:number])
    assert hard.multiplicity.sum() < every.multiplicity.sum()
    assert "particles below 20 GeV" in written[1][1].description


def test_the_overview_and_the_card_are_printed(shipped, capsys):
    assert main(["models"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1:4]] == list(shipped_models())
    assert main(["models", "top12"]) == 0
    assert sha256(shipped / "checkpoints" / "best.safetensors") in capsys.readouterr().out
    assert main(["models", "top13"]) == 2


def test_without_models_the_overview_says_so(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(pretrained, "FOLDER", tmp_path)
    assert main(["models"]) == 0
    assert capsys.readouterr().out.startswith("no model comes with")
    with pytest.raises(InputError, match="absent: expected the folder of a run"):
        load("absent")


KEYS = {
    "title": str,
    "classes": list,
    "particles": int,
    "conditions": list,
    "ranges": dict,
    "network_evaluations": int,
    "prior_evaluations": int,
    "parameters": int,
    "weights_sha256": str,
    "intended_use": str,
    "limits": list,
    "not_tested": list,
    "training": dict,
    "data": list,
    "metrics": dict,
    "speed": dict,
}
"""What a card must hold."""

TOTAL = 25e6
"""Bytes of all models together, at most."""


def check_card(folder):
    card = json.loads((folder / "card.json").read_text(encoding="utf-8"))
    assert {name: type(value) for name, value in card.items()} == KEYS
    assert card["weights_sha256"] == sha256(folder / "checkpoints" / "best.safetensors")
    assert card["weights_sha256"] == load(folder).provenance()["checkpoint_sha256"]
    assert card["conditions"] and card["limits"] and card["not_tested"]
    environment = json.loads((folder / "environment.json").read_text(encoding="utf-8"))
    assert {data["name"]: data["sha256"] for data in card["data"]} == environment["data"]
    for data in card["data"]:
        assert data["simulation"].startswith("jetgen simulate ") and data["seed"] is not None
    return card


def test_the_card_of_a_packed_model_is_complete(shipped, ship):
    card = check_card(shipped)
    assert card["limits"] == [*ship.LIMITS, "A limit of its own."]
    assert card["conditions"] == ["n", "pt", "eta", "type"]
    (data,) = card["data"]
    assert data["simulation"] == (
        "jetgen simulate gluon --jets 400 --seed 7 --radius 0.4 --output training.h5"
    )


MODELS = {model.folder for model in shipped_models().values()}


@pytest.mark.parametrize("folder", sorted(MODELS), ids=lambda path: path.name)
def test_the_card_of_each_model_is_complete_and_measured(folder):
    card = check_card(folder)
    assert list(card["metrics"]) == sorted(card["classes"])
    for measured in card["metrics"].values():
        names = {"w1m", "w1p", "w1efp", "fpd", "kpd", "uncovered", "mmd", "auc_trees"}
        assert names <= set(measured["metrics"])
        assert not measured["memorisation"]["copies"]
    for path in folder.rglob("*.*"):
        if path.suffix in (".json", ".yaml"):
            text = path.read_text(encoding="utf-8")
            assert not any(f'"/{place}/' in text for place in ("work", "home", "root", "tmp"))


@pytest.mark.parametrize("name", ["", *shipped_models()])
def test_overview_and_cards_fit_a_terminal(name, capsys):
    assert main(["models", *name.split()]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 10 and max(map(len, lines)) <= 80


@pytest.mark.parametrize("name", shipped_models())
def test_each_model_makes_jets_of_its_class(name):
    model = load(name)
    made = model.generate(5)
    assert made.particles.isfinite().all() and made.mask.any(1).all()
    if model.run.shipped.jet_type is not None:
        assert len(made.condition("type").unique()) == 1


def test_the_table_of_the_docs_is_that_of_the_cards():
    page = Path(__file__).parents[2] / "docs" / "models.md"
    _, _, rest = page.read_text(encoding="utf-8").partition("<!-- models -->\n")
    rows = [line for line in rest.partition("<!-- end -->")[0].splitlines() if line[:1] == "|"]
    known = shipped_models().values()
    assert rows[2:] == [f"| {' | '.join(summary(model))} |" for model in known]


def test_all_models_together_are_small():
    files = (path for path in pretrained.FOLDER.rglob("*") if path.suffix != ".pyc")
    assert sum(path.stat().st_size for path in files if path.is_file()) < TOTAL
