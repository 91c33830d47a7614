"""Tiny runs in one table: the same jets for all, measured once, the broken and the odd named."""

import csv
import dataclasses
import threading

import pytest
import torch

from jetgen.cli.main import main
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.errors import InputError
from jetgen.evaluation import command
from jetgen.physics.baselines import BASELINES
from jetgen.physics.fourvectors import JET_KINEMATICS, to_relative
from jetgen.ranking import command as commands
from jetgen.ranking import scores
from jetgen.ranking.runs import named_runs
from jetgen.ranking.samples import Sample
from jetgen.ranking.tables import csv_text, markdown, ordered
from jetgen.training.command import train

TINY = preset("classic") | {
    "particles": 12, "hidden": 8, "layers": 1, "latent": 2, "batch": 64, "epochs": 1,
    "prior_epochs": 1, "flow_transforms": 1, "flow_hidden": 8, "device": "cpu",
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory, toy_jets):
    """Runs ``vae`` with a flow, ``gan``, ``other`` on other jets, and ``begun``."""
    folder = tmp_path_factory.mktemp("runs")
    jets = toy_jets(300, 1)
    known = {f: to_relative(jets).condition(f.name) for f in JET_KINEMATICS}
    with JetgenWriter(folder / "jets.h5", attributes={}, slots=30) as writer:
        writer.append(jets.with_conditions(known))
    tiny = TrainConfig(**TINY, data=[str(folder / "jets.h5")])
    for name, options in {
        "vae": {"prior": "flow"},
        "gan": {"objective": "gan"},
        "other": {"seed": 2},
    }.items():
        train(dataclasses.replace(tiny, run=str(folder / name), **options))
    begun = folder / "begun"
    begun.mkdir()
    (begun / "config.yaml").write_text((folder / "vae" / "config.yaml").read_text())
    return folder


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.DictReader(handle))


@pytest.fixture(scope="module")
def page():
    """What the report was asked to show, without drawing it."""
    asked = {}
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(
            commands,
            "write_report",
            lambda folder, shown, about, **_: asked.update(
                vars(shown) | vars(about), folder=folder
            ),
        )
        yield asked


@pytest.fixture(scope="module")
def table(folder, page):
    output = folder / "table"
    runs = [str(folder / name) for name in ("vae", "gan")]
    assert main(["compare", *runs, "--output", str(output), "--seed", "3"]) == 0
    return output


def test_every_prior_and_the_trivial_generators_have_every_metric(table):
    rows = rows_of(table / "results.csv")
    metrics = {}
    for row in rows:
        metrics.setdefault((row["sample"], row["kind"]), {})[row["metric"]] = row
    assert set(metrics) == {
        ("vae (flow)", "generated"), ("vae (gaussian)", "generated"), ("gan", "generated"),
        ("vae (decoded)", "reconstructed"), *((name, "trivial") for name in BASELINES),
    }  # fmt: skip
    measured = {"relative_mass", "particle_mean", "w1efp", "fpd", "kpd"}
    known = {"parameters", "training_minutes", "generation_jets_per_second"}
    for (_, kind), found in metrics.items():
        assert measured <= set(found) if kind != "reconstructed" else "relative_mass" in found
        assert (known <= set(found)) == (kind == "generated")
        assert {row["jets"] for row in found.values()} <= {"45", ""}
        for metric in measured & set(found):
            assert float(found[metric]["uncertainty"]) > 0 and float(found[metric]["floor"])
    floors = {row["floor"] for row in rows if row["metric"] == "fpd"}
    assert len(floors) == 1
    flow, gaussian = metrics["vae (flow)", "generated"], metrics["vae (gaussian)", "generated"]
    assert flow["parameters"]["value"] == gaussian["parameters"]["value"]
    assert flow["relative_mass"]["value"] != gaussian["relative_mass"]["value"]


@pytest.mark.slow
@pytest.mark.recorded
def test_a_cluster_measures_the_same_rows(folder, table, tmp_path, monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(commands, "write_report", lambda *_, **given: None)
    runs = [str(folder / name) for name in ("vae", "gan")]
    words = ["compare", *runs, "--output", str(tmp_path), "--seed", "3", "--dask", "local:1"]
    assert main(words) == 0
    for one, other in zip(*(rows_of(p / "results.csv") for p in (table, tmp_path)), strict=True):
        assert one.keys() == other.keys()
        for name, value in one.items():
            if name == "value" and "per_second" not in one["metric"]:
                assert float(other[name]) == pytest.approx(float(value), rel=1e-9)


def test_the_markdown_is_sorted_and_says_how_it_was_made(table):
    text = (table / "results.md").read_text(encoding="utf-8")
    assert "jets.h5 (SHA-256" in text and "seed 3; sorted by W1M" in text
    assert text.count("- COV and MMD: omitted, they need 200 jets per side") == 1
    values = {
        row["sample"]: float(row["value"])
        for row in rows_of(table / "results.csv")
        if row["metric"] == "relative_mass" and row["kind"] != "reconstructed"
    }
    printed = [line.split(" | ")[0].removeprefix("| ") for line in text.splitlines()]
    assert [name for name in printed if name in values] == sorted(values, key=values.__getitem__)


def test_the_report_overlays_the_best_and_the_trivial(table, page):
    ranked = dict.fromkeys(
        row["sample"] for row in rows_of(table / "results.csv") if row["kind"] == "generated"
    )
    assert list(page["samples"]) == [*ranked, *sorted(BASELINES, key=list(page["samples"]).index)]
    assert {len(jets) for jets in page["samples"].values()} == {len(page["real"])} == {45}
    assert "3 of 3 samples" in page["description"]
    assert page["folder"] == table / "report"


def test_a_further_run_costs_its_own_evaluation_only(folder, table, monkeypatch):
    before = {path: path.stat().st_mtime_ns for path in (table / "scores").iterdir()}
    first = (table / "results.csv").read_text()
    evaluated = []

    def recorded(checked, original=command.evaluate_checked, **options):
        evaluated.extend(checked.samples)
        return original(checked, **options)

    monkeypatch.setattr(command, "evaluate_checked", recorded)
    again = str(folder / "again")
    config = TrainConfig(**TINY, data=[str(folder / "jets.h5")], run=again, objective="ae")
    train(config)
    words = ["--output", str(table), "--seed", "3"]
    assert main(["compare", str(folder / "vae"), str(folder / "gan"), again, *words]) == 0
    assert evaluated == ["again (gaussian)"]
    assert {path: path.stat().st_mtime_ns for path in before} == before
    kept = [
        line for line in (table / "results.csv").read_text().splitlines() if "again" not in line
    ]
    assert sorted(kept) == sorted(first.splitlines())


def test_runs_on_the_same_data_share_one_copy(folder, monkeypatch):
    from jetgen.runs import data

    loaded = []

    def loading(config, load=data.load_jets, **sets):
        loaded.append(config.run)
        return load(config, **sets)

    monkeypatch.setattr(data, "load_jets", loading)
    vae, gan = named_runs([str(folder / name) for name in ("vae", "gan")], "cpu").values()
    assert torch.equal(vae.held_out().particles, gan.held_out().particles)
    assert len(vae.training_jets()) == len(gan.training_jets()) == 210
    assert len(loaded) == 1


def test_the_leaderboard_lists_what_it_leaves_out(folder, table, capsys):
    output = ["--output", str(folder / "board"), "--jets", "40", "--by", "kpd"]
    assert main(["leaderboard", str(folder), *output]) == 0
    text = (folder / "board" / "results.md").read_text(encoding="utf-8")
    assert "sorted by KPD" in text and "vae (flow)" in text and "| other" not in text
    assert "- other: its held-out jets differ from those of most runs here" in text
    assert "- begun: " in text and "found an interrupted one" in text
    assert "Not in the table" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        (["vae", "other"], "other: expected a run with the same held-out jets as vae, received"),
        (["vae", "vae"], "expected each run once"),
        (["vae", "begun"], "expected a finished training"),
        (["absent"], "expected the folder of a run"),
    ],
)
def test_runs_that_cannot_be_compared_are_one_line(folder, runs, message, capsys, tmp_path):
    paths = [str(folder / name) for name in runs]
    assert main(["compare", *paths, "--output", str(tmp_path / "out")]) == 2
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_an_empty_folder_and_changed_data_are_refused(folder, capsys, tmp_path):
    assert main(["leaderboard", str(tmp_path)]) == 2
    assert "expected finished runs below this folder" in capsys.readouterr().err
    (folder / "vae" / "environment.json").rename(tmp_path / "kept.json")
    text = (tmp_path / "kept.json").read_text()
    digest = text.split('jets.h5": "')[1][:12]
    (folder / "vae" / "environment.json").write_text(text.replace(digest, "0" * 12))
    try:
        assert main(["compare", str(folder / "vae"), "--output", str(tmp_path / "out")]) == 2
        assert f"expected the file that {folder / 'vae'} was trained on" in capsys.readouterr().err
    finally:
        (tmp_path / "kept.json").replace(folder / "vae" / "environment.json")


def record(metric, value, spreads, verdict):
    return {
        "metric": metric, "value": value, "uncertainty": 0.001, "floor": 0.002, "verdict": verdict,
        "floor_spread": 0.0005, "spreads_above_floor": spreads, "scale": 1e-3,
        "printed_unit": "10⁻³", "unit": "", "jets": 50, "title": metric,
    }  # fmt: skip


def test_tables_print_what_they_are_given():
    first, second = (Sample(name, "generated", lambda: None, {}) for name in ("one", "two"))
    found = {
        "one": [record("relative_mass", 0.02, 36.0, "different")],
        "two": [record("relative_mass", 0.003, 2.0, "indistinguishable")],
    }
    assert ordered([first, second], found, "relative_mass") == [second, first]
    text = markdown([second, first], found)
    assert "| W1M [10⁻³] |" in text and "| real: the floor | 2.00 ± 0.50 |" in text
    assert "| two | **3.0 ± 1.0** (+2.0) |" in text and "| one | 20.0 ± 1.0 (+36) |" in text
    assert csv_text([first], found).splitlines()[1].startswith("one,generated,relative_mass,0.02,")


def test_a_damaged_row_is_named(tmp_path, mutated):
    file, content = tmp_path / "row.json", {"records": [{"metric": "row", "value": 1.5}]}
    scores.store(file, content)
    assert scores.stored(file) == content
    whole, generator = file.read_bytes(), torch.Generator().manual_seed(1)
    for _ in range(300):
        file.write_bytes(mutated(whole, generator))
        try:
            assert scores.stored(file) == content  # spaces between the values
        except InputError as error:
            assert "row.json: expected the metrics of a row" in str(error)


def test_two_processes_share_the_rows_and_measure_none_twice(tmp_path, monkeypatch):
    samples = [Sample(f"row {k}", "generated", list, {"row": k}) for k in range(11)]
    measured, both = [], threading.Barrier(2)

    def measure(own, files, *others):
        if not measured:
            both.wait(10)  # the second one takes rows while the first one holds its own
        measured.append([sample.name for sample in own])
        for sample in own:
            content = {"records": [{"metric": "row", "value": sample.name}], "warnings": []}
            scores.store(files[sample.name], content)

    def process():
        options = {"folder": tmp_path, "seed": 1, "progress": lambda text: None}
        found.append(scores.score(samples, None, None, **options).records)

    monkeypatch.setattr(scores, "_measure", measure)
    monkeypatch.setattr(scores, "TOGETHER", 3)
    found = []
    threads = [threading.Thread(target=process) for _ in range(2)]  # locks are of open files
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(found) == 2 and found[0] == found[1] and list(found[0]) == [s.name for s in samples]
    assert sorted(name for own in measured for name in own) == sorted(s.name for s in samples)
    assert max(len(own) for own in measured) == 3


@pytest.mark.slow
def test_runs_on_a_table_are_compared_by_their_columns(tmp_path):
    """The trees, W1 of columns, and RMSE and R² of reconstructions, for two models of a table."""
    generator = torch.Generator().manual_seed(1)
    a = torch.randn(700, generator=generator)
    rows = zip(a.tolist(), (2 * a + 0.1).tolist(), (a > 0.3).int().tolist(), strict=True)
    data = tmp_path / "table.csv"
    data.write_text("x,P=y|z,n\n" + "".join(f"{x},{y},{n}\n" for x, y, n in rows))
    tiny = {"data": [str(data)], "representation": "features", "loss": "mse", "epochs": 3}
    networks = {"encoder": "dense", "decoder": "dense", "hidden": 8, "latent": 2}
    for name, objective in (("vae", "vae"), ("gan", "gan")):
        chosen = {"objective": objective, "prior": "gaussian", "run": str(tmp_path / "runs" / name)}
        train(TrainConfig(**tiny, **networks, **chosen))
    out = str(tmp_path / "out")
    assert main(["leaderboard", str(tmp_path / "runs"), "--output", out]) == 0
    found = {(row["sample"], row["metric"]): row for row in rows_of(tmp_path / "out/results.csv")}
    samples = ["vae (gaussian)", "gan", "independent columns"]
    for sample in samples:
        values = [found[sample, name]["value"] for name in ("mean_w1", "x", "P=y|z", "n")]
        assert all(float(value) >= 0 for value in values)
    for column in ("x", "P=y|z", "n"):
        rmse, r2 = (float(found["vae (decoded)", f"{k}:{column}"]["value"]) for k in ("rmse", "r2"))
        assert rmse > 0 and r2 < 1
    assert ("vae (gaussian)", "rmse:x") not in found
    text = (tmp_path / "out" / "results.md").read_text(encoding="utf-8")
    assert "| entries | W1 / σ |" in text and "sorted by W1 / σ" in text
    assert "## RMSE and R² of each reconstructed column" in text and "P=y\\|z" in text
    assert main(["leaderboard", str(tmp_path / "runs"), "--output", out, "--by", "fpd"]) == 2
