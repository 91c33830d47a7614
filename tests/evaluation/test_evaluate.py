"""All metrics at once: real jets at the floor, planted differences above, on the command line."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from jetgen.cli.main import main
from jetgen.cloud import CARTESIAN, Feature
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.writing import set_writer
from jetgen.errors import InputError
from jetgen.evaluation.command import evaluate
from jetgen.evaluation.metric_rows import discrepancies
from jetgen.evaluation.protocol import jetnet_protocol
from jetgen.metrics.cov_mmd import cov_mmd
from jetgen.metrics.kpd import discrepancy
from jetgen.physics.fourvectors import JET_KINEMATICS, to_relative


@pytest.fixture(scope="module")
def write(tmp_path_factory, toy_jets):
    folder = tmp_path_factory.mktemp("jets")

    def written(name, *arguments, **options):
        jets = toy_jets(*arguments, **options)
        relative = to_relative(jets)
        placed = jets.with_conditions({f: relative.condition(f.name) for f in JET_KINEMATICS})
        with JetgenWriter(folder / name, attributes={"command": "test"}, slots=30) as writer:
            writer.append(placed)
        return str(folder / name)

    return written


def test_memorisation_needs_the_training_jets_only(write, toy_jets, tmp_path, capsys):
    training, real, made = (write(f"memory-{seed}.h5", 150, seed) for seed in (1, 2, 3))
    output = tmp_path / "m.json"
    main(["evaluate", training, "--real", real, "--training", training, "--output", str(output)])
    found = json.loads(output.read_text())["memorisation"]["generated"]
    assert found["copies"] and found["near"] == 1.0 and found["median_ratio"] < 1e-6
    assert "repeats training jets" in " ".join(capsys.readouterr().out.split())
    main(["evaluate", made, "--real", real, "--training", training, "--output", str(output)])
    assert not json.loads(output.read_text())["memorisation"]["generated"]["copies"]
    capsys.readouterr()
    main(["evaluate", made, "--real", real, "--training", real, "--output", str(output)])
    found = json.loads(output.read_text())["memorisation"]["generated"]
    assert found["held_out_jets_seen"] == 150 and "copies" not in found and "near" not in found
    said = " ".join(capsys.readouterr().out.split())
    assert "150 of the 150 held-out jets are training jets themselves" in said
    assert "no sign" not in said


@pytest.mark.slow
def test_real_jets_are_at_the_floor_and_wider_ones_are_not(toy_jets, monkeypatch):
    monkeypatch.setattr("jetgen.evaluation.metric_rows.MATCHED_JETS", 25)  # 100 take a minute
    real = toy_jets(1200, 1)
    same, merits = evaluate(real, toy_jets(600, 2), replicas=30, seed=1)
    wide, wide_merits = evaluate(real, toy_jets(600, 3, width=0.18), replicas=30, seed=1)
    trees, wide_trees = merits["trees"], wide_merits["trees"]
    names = [f"efp_{k}" for k in range(1, 6)] + ["w1efp", "fpd", "kpd", "uncovered", "mmd"]
    assert [row.quantity.name for row in same.rows[-10:]] == names
    assert same.jets == wide.jets == 600
    for name in names:
        assert same.row(name).distances["generated"].spreads < 6
    for name in ("tau21", "c2", "soft_drop_mass", "correlations", "pairs"):
        assert same.row(name).distances["generated"].spreads < 6
    for name in ("relative_mass", "w1efp", "fpd", "kpd", "girth", "soft_drop_mass", "pairs"):
        assert wide.row(name).distances["generated"].verdict == "different"
    assert trees.auc == pytest.approx(0.5, abs=5 * trees.auc_error)
    assert wide_trees.auc > trees.auc + 5 * trees.auc_error
    assert wide_trees.importances[0][0] in ("relative_mass", "girth", "thrust", "c2")  # not pT, eta


def test_too_few_jets_leave_rows_out_and_say_so(toy_jets):
    table, merits = evaluate(toy_jets(36, 1), toy_jets(36, 2), replicas=5)
    assert merits == {}
    found = {row.quantity.name for row in table.rows}
    assert "kpd" in found and not {"fpd", "mmd"} & found
    for name in ("FPD: omitted", "COV and MMD: omitted"):
        assert any(warning.startswith(name) for warning in table.warnings)


def test_weighted_discrepancies_are_the_plain_one_where_no_jet_repeats():
    x, y = torch.rand(2, 600, 4, generator=torch.Generator().manual_seed(1)).double()
    ones = torch.ones(1, 600).double()
    half = (torch.arange(600) < 300).double()[None]
    found = discrepancies(x, y, torch.cat([ones, half]), torch.cat([ones, 1 - half]))
    assert found[0].item() == pytest.approx(discrepancy(x, y, ones[0], ones[0]).item(), abs=1e-12)
    parts = discrepancy(x, y, half[0], 1 - half[0])
    assert found[1].item() == pytest.approx(parts.item(), abs=1e-12)


def test_the_command_writes_what_it_prints(write, capsys, tmp_path):
    real, generated = write("real.h5", 600, 1), write("generated.h5", 510, 2)
    path = tmp_path / "out.json"
    assert main(["evaluate", generated, "--real", real, "--output", str(path)]) == 0
    printed = capsys.readouterr().out
    content = json.loads(path.read_text(encoding="utf-8"))
    assert content["mode"] == "disjoint" and content["jets"] == 510
    assert content["files"]["generated"]["jets"] == 510
    for row in content["rows"]:
        assert " ".join(row["title"].split()[:2]) in printed
        assert np.isfinite([row["value"], row["uncertainty"], row["floor"]]).all()
    words = " ".join(printed.split())
    assert "510 jets of each sample with 510 simulated ones" in words
    assert "COV and MMD: omitted" not in words
    verdict = content["headlines"]["generated"]
    assert words.endswith(f"generated: {verdict['word'].upper()}. {verdict['text']}")
    assert f"AUC {content['classifiers']['trees']['auc']:.3f}" in verdict["text"]


def test_the_published_protocol(toy_jets, monkeypatch):
    monkeypatch.setattr(
        "jetgen.evaluation.protocol.cov_mmd",
        lambda a, b, seed: cov_mmd(a, b, jets=5, batches=2, seed=seed),
    )
    cut = to_relative(toy_jets(50, 2)).leading(10, by="ptrel")
    rows, warnings = jetnet_protocol(toy_jets(60, 1), cut)
    values = {row["metric"]: row["value"] for row in rows}
    parts = [values[f"w1p_{name}"] for name in ("etarel", "phirel", "ptrel")]
    assert values["w1p"] == pytest.approx(np.mean(parts))
    assert {"w1m", "w1efp", "w1efp_5", "fpd", "kpd", "cov", "mmd"} <= set(values)
    assert any("at least 50000 jets on each side, received 60 and 50" in text for text in warnings)
    assert warnings[0].startswith("generated: a jet holds at most 10 particles")


def test_bad_files_are_one_line(write, capsys, tmp_path):
    real = write("few.h5", 30, 1)
    assert main(["evaluate", real, "--real", str(tmp_path / "absent.h5")]) == 2
    assert "absent.h5" in capsys.readouterr().err
    assert main(["evaluate", real, "--real", real, "--jets", "10"]) == 2
    assert "at least 20 usable jets" in capsys.readouterr().err


@pytest.mark.parametrize("content", ["text", "[1]", '{"rows": 3}'])
def test_a_file_of_the_user_is_not_overwritten(content, write, tmp_path, capsys):
    real, output = write(f"{len(content)}.h5", 30, 1), tmp_path / "notes.json"
    before = Path(real).read_bytes()
    assert main(["evaluate", real, "--real", real, "--output", real]) == 2
    assert "--output: expected a name in .json, received" in capsys.readouterr().err
    assert Path(real).read_bytes() == before
    output.write_text(content)
    assert main(["evaluate", real, "--real", real, "--output", str(output)]) == 2
    assert "expected a new file, or one of an earlier result of jetgen" in capsys.readouterr().err
    assert output.read_text() == content


@pytest.mark.slow
def test_classifiers_are_trained_as_asked_for(write, capsys, tmp_path):
    real, generated = write("many.h5", 600, 1), write("others.h5", 520, 2)
    path = tmp_path / "out.json"
    words = ["evaluate", generated, "--real", real, "--output", str(path), "--jets", "550"]
    assert main([*words, "--classifier", "transformer", "trees", "--features", "flat"]) == 0
    found = json.loads(path.read_text(encoding="utf-8"))["classifiers"]
    assert list(found) == ["transformer", "trees"]
    assert found["trees"]["importances"][0][0][:3] in ("px_", "py_", "pz_")
    assert found["transformer"]["roc"][-1] == [1, 1] and found["transformer"]["importances"] == []
    printed = " ".join(capsys.readouterr().out.split())
    assert "transformer on 520 jets of each kind, generated: AUC" in printed
    for wrong, line in (
        (["--classifier", "forest"], "--classifier: expected one of trees, particlenet"),
        (["--classifier", "particlenet", "--features", "flat"], "--features: expected trees"),
        (["--jetnet", "--classifier", "particlenet"], "--jetnet: expected no --classifier"),
    ):
        assert main([*words, *wrong]) == 2
        assert line in capsys.readouterr().err


def test_files_that_do_not_go_together(write, toy_jets, capsys, tmp_path):
    real = write("real_gev.h5", 60, 1)
    command = ["evaluate", "--real", real, "--output", str(tmp_path / "out.json")]
    jets = toy_jets(60, 2)
    named = {
        "mev.h5": replace(
            jets,
            particles=1000 * jets.particles,
            features=tuple(f._replace(unit="MeV") for f in CARTESIAN),
        ),
        "table.h5": replace(jets, features=(Feature("a"), Feature("b"), Feature("c"))),
        "empty.h5": replace(jets, mask=torch.zeros_like(jets.mask)),
    }
    for name, cloud in named.items():
        path = tmp_path / name
        with set_writer(path, cloud.features, slots=30, attributes={}) as append:
            append(cloud)
    assert main([*command, str(tmp_path / "mev.h5")]) == 0
    rows = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["rows"]
    assert {row["metric"]: row["verdict"] for row in rows}["pt"] == "indistinguishable"
    capsys.readouterr()
    for name, line in (
        ("table.h5", "generated jets: features: expected px, py, pz[, E] or etarel"),
        ("empty.h5", "generated jets: expected jets with particles, received 60 without any"),
    ):
        assert main([*command, str(tmp_path / name)]) == 2
        assert line in capsys.readouterr().err


def test_broken_jets_are_named_or_refused(toy_jets):
    broken = toy_jets(80, 2)
    broken.particles[3, 0] = torch.nan
    table, _ = evaluate(toy_jets(80, 1), broken, replicas=5)
    assert any("generated: 1 of 80 jets hold values" in warning for warning in table.warnings)
    with pytest.raises(InputError, match="received 1 of 80 jets"):
        jetnet_protocol(toy_jets(80, 1), broken)
