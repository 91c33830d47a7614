"""Sets are left out by a condition or for missing values, and a warning has their number."""

import numpy as np
import pytest
import torch
import uproot

import jetgen
from jetgen.cli.parser import parse
from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.datasets.reading import iter_chunks
from jetgen.datasets.selection import Selection
from jetgen.errors import InputError, InputWarning
from jetgen.runs.data import load_jets, training_jets


def table(path, rows=60):
    """``ne(m-3)`` counts from 0, ``b`` is empty in every tenth row, ``c`` in every 12th."""
    lines = [f"{i},{'' if i % 10 == 3 else i * i},{'' if i % 12 == 5 else -i}" for i in range(rows)]
    path.write_text("ne(m-3),b,c\n" + "\n".join(lines) + "\n")
    return path


def test_a_condition_chooses_rows_by_any_column(tmp_path):
    path = table(tmp_path / "t.csv")
    said = r"t\.csv: 6 of 60 sets are kept; left out: 54 outside select="
    with pytest.warns(InputWarning, match=said):
        kept = jetgen.read(path, columns=["c"], select="50 <= 'ne(m-3)' and abs(c) < 59 - 2")
    assert [f.name for f in kept.features] == ["c"]
    assert kept.particles[:, 0, 0].tolist() == [-50, -51, -52, -54, -55, -56]


def test_rows_without_a_used_value_are_left_out(tmp_path):
    path = table(tmp_path / "t.csv")
    with pytest.raises(InputError, match="NaN or infinity in 6 particles"):
        jetgen.read(path, columns=["ne(m-3)", "b"])
    with pytest.warns(InputWarning, match=r"54 of 60 sets are kept; left out: 6 without b$"):
        kept = jetgen.read(path, columns=["ne(m-3)", "b"], drop_missing=True)
    assert len(kept) == 54 and bool(kept.particles.isfinite().all())
    with pytest.warns(InputWarning, match=r"left out: 6 without b, 5 without c$"):
        kept = jetgen.read(path, columns=["b"], conditions=["c"], drop_missing=True)
    empty = {i for i in range(60) if i % 10 == 3 or i % 12 == 5}
    assert kept.particles[:, 0, 0].tolist() == [i * i for i in range(60) if i not in empty]
    with pytest.warns(InputWarning, match=r"60 of 60 sets are kept$"):
        jetgen.read(path, columns=["ne(m-3)"], drop_missing=True)


def test_a_draw_is_one_of_the_kept_rows_and_streams_alike(tmp_path):
    path = table(tmp_path / "t.csv")
    chosen = {"select": "'ne(m-3)' % 1 == 0"}
    with pytest.raises(InputError, match=r"^select: expected comparisons"):
        jetgen.read(path, **chosen)
    asked = {"columns": ["b"], "select": "'ne(m-3)' > 9", "drop_missing": True, "jets": 20}
    with pytest.warns(InputWarning):
        whole = jetgen.read(path, **asked)
    with pytest.warns(InputWarning):
        pieces = list(iter_chunks(path, 7, **asked))
    assert torch.equal(ParticleCloud.concatenate(pieces).particles, whole.particles)
    assert len(whole) == 20 and bool((whole.particles > 81).all())


def test_extra_columns_do_not_change_which_rows_are_read(tmp_path):
    path = table(tmp_path / "t.csv")
    with pytest.warns(InputWarning):
        plain = Selection(path, columns=["b"], drop_missing=True).all()
    with pytest.warns(InputWarning):
        further = Selection(path, columns=["b"], extra=["c"], drop_missing=True).all()
    assert torch.equal(plain.particles, further.particles)
    assert int(further.condition("c").isnan().sum()) == 4  # row 53 lacks both
    with pytest.raises(InputError, match="NaN or infinity in 5 jets"):
        Selection(path, columns=["ne(m-3)"], extra=["c"]).all()


def test_unknown_names_and_empty_choices_are_refused(tmp_path):
    path = table(tmp_path / "t.csv")
    with pytest.raises(InputError, match=r"^select: expected names among .*'ne\(m-4\)'"):
        jetgen.read(path, select="'ne(m-4)' > 1")
    with (
        pytest.warns(InputWarning, match="0 of 60"),
        pytest.raises(InputError, match="expected jets inside select='b < -1', received 60"),
    ):
        jetgen.read(path, select="b < -1")


def test_jets_are_selected_by_their_observables(tmp_path):
    momenta = np.random.default_rng(1).normal(size=(50, 4, 3)) * [30, 30, 10]
    path = tmp_path / "jets.h5"
    jetgen.write(jetgen.from_numpy(momenta, features=("px", "py", "pz")), path)
    pt = np.hypot(*momenta.sum(1)[:, :2].T)
    with pytest.warns(InputWarning, match=f"{int((pt > 60).sum())} of 50 sets are kept"):
        kept = jetgen.read(path, select="pt > 60")
    assert len(kept) == int((pt > 60).sum())


def test_a_training_reads_the_same_sets_from_files_and_from_memory(tmp_path):
    path = table(tmp_path / "t.csv")
    chosen = TrainConfig(
        data=[str(path)], columns=("b", "c"), select="'ne(m-3)' < 55", drop_missing=True
    )
    with pytest.warns(InputWarning, match="45 of 60 sets are kept"):
        from_file = load_jets(chosen)
    i = torch.arange(60.0)
    values = torch.stack([i, i * i, -i], dim=1)
    values[3::10, 1], values[5::12, 2] = torch.nan, torch.nan
    features = (Feature("ne(m-3)"), Feature("b"), Feature("c"))
    cloud = ParticleCloud(values.unsqueeze(1), torch.ones(60, 1, dtype=torch.bool), features)
    with pytest.warns(InputWarning, match="data: 45 of 60 sets are kept"):
        from_memory = load_jets(chosen, data=cloud)
    assert torch.equal(from_file.particles, from_memory.particles)
    with pytest.warns(InputWarning):
        assert training_jets(chosen).number == 45


def test_a_class_of_a_table_is_that_of_its_column(tmp_path):
    kinds = np.arange(40) % 4 + 7  # the muons' classes
    with uproot.recreate(tmp_path / "muons.root") as file:
        file["muons"] = {"px": np.arange(40.0), "type": kinds}
    for name, kind in (("mu-plus-prompt", 8), ("9", 9)):
        chosen = jetgen.read(tmp_path / "muons.root", columns=["px"], jet_type=name)
        assert chosen.particles[:, 0, 0].tolist() == np.flatnonzero(kinds == kind).tolist()
    with pytest.raises(InputError, match="expected jets of type top"):
        jetgen.read(tmp_path / "muons.root", columns=["px"], jet_type="top")


def test_a_record_array_has_the_names_of_its_fields(tmp_path):
    rows = np.array([(1.5, 2), (2.5, 3)] * 5, dtype=[("ne(m-3)", "f8"), ("n", "i4")])
    np.save(tmp_path / "rows.npy", rows)
    with pytest.warns(InputWarning, match="10 of 10 sets are kept"):
        cloud = jetgen.read(tmp_path / "rows.npy", select="'ne(m-3)' > 0")
    assert [feature.name for feature in cloud.features] == ["ne(m-3)", "n"]
    assert cloud.particles[:2, 0].tolist() == [[1.5, 2], [2.5, 3]]


def test_classes_by_conditions_are_numbered_in_their_order(tmp_path):
    path = table(tmp_path / "t.csv")
    classes = ["low: 'ne(m-3)' < 10", "even: abs('ne(m-3)' / 2 - 10) <= 1", "rest: b > 3000"]
    said = r"10 low \(type 0\), 5 even \(type 1\), 5 rest \(type 2\); left out: 40 of no class"
    with pytest.warns(InputWarning, match=said):
        cloud = jetgen.read(path, columns=["ne(m-3)"], conditions=["type"], classes=classes)
    expected = [0] * 10 + [1] * 5 + [2] * 5
    assert cloud.condition("type").tolist() == expected
    with pytest.warns(InputWarning, match=said):
        even = jetgen.read(path, columns=["ne(m-3)"], classes=classes, jet_type="even")
    assert even.particles[:, 0, 0].tolist() == [18, 19, 20, 21, 22]
    with (
        pytest.warns(InputWarning),
        pytest.raises(InputError, match="one of the classes low, even"),
    ):
        jetgen.read(path, columns=["ne(m-3)"], classes=classes, jet_type="high")
    with pytest.raises(InputError, match=r"classes: expected NAME: CONDITION"):
        jetgen.read(path, classes=["low: b < 1", "low: b > 1"])
    with pytest.raises(InputError, match=r"^classes: expected comparisons"):
        jetgen.read(path, classes=["b < 1"])


def test_the_flag_of_a_class_may_be_repeated():
    words = ["--class", "a: x < 1", "--class=b: x >= 1 and y != 0", "--epochs", "3"]
    assert parse("train", "", TrainConfig, words).classes == ["a: x < 1", "b: x >= 1 and y != 0"]
