"""The rows of metrics.csv reach TensorBoard and Weights & Biases."""

import csv
import sys
import types

import pytest

import jetgen
from jetgen.errors import InputError

SMALL = {"epochs": 2, "hidden": 8, "layers": 1, "latent": 2, "device": "cpu", "particles": 5}
SMALL |= {"prior": "gaussian"}


@pytest.fixture
def jets(toy_jets):
    return toy_jets(60, 1)


def rows(run):
    with (run / "metrics.csv").open() as handle:
        return list(csv.DictReader(handle))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tensorboard_holds_the_rows_of_the_metrics(jets, tmp_path):
    pytest.importorskip("tensorboard")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    run = jetgen.train(data=jets, run=tmp_path / "run", log="tensorboard", **SMALL)
    events = EventAccumulator(str(run / "tensorboard"))
    events.Reload()
    stage = rows(run)[0]["stage"]
    found = [event.value for event in events.Scalars(f"{stage}/validation_total")]
    expected = [float(row["validation_total"]) for row in rows(run)]
    assert found == pytest.approx(expected) and len(found) == 2


def test_weights_and_biases_receive_options_and_rows(jets, tmp_path, monkeypatch):
    sent, options, ended = [], {}, []
    run = types.SimpleNamespace(
        project="jetgen",
        id="1",
        log=lambda metrics, step: sent.append((step, metrics)),
        config=types.SimpleNamespace(update=lambda given, **how: options.update(given)),
        finish=lambda: ended.append(True),
    )
    fake = types.ModuleType("wandb")
    fake.init = lambda **where: run
    monkeypatch.setitem(sys.modules, "wandb", fake)
    folder = jetgen.train(data=jets, run=tmp_path / "run", log="wandb", **SMALL)
    assert options["epochs"] == 2 and ended == [True]
    assert [step for step, _ in sent] == [1, 2]
    for (_, metrics), row in zip(sent, rows(folder), strict=True):
        name = f"{row['stage']}/validation_total"
        assert metrics[name] == pytest.approx(float(row["validation_total"]))


@pytest.mark.parametrize("name", ["tensorboard", "wandb"])
def test_a_missing_package_is_named_with_its_extra(jets, tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(InputError, match=rf"pip install 'jetgen\[{name}\]'"):
        jetgen.train(data=jets, run=tmp_path / "run", log=name, **SMALL)
    assert not (tmp_path / "run").exists()
