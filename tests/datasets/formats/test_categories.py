"""Columns of few words are read as one column of zeros and ones per word."""

import awkward as ak
import numpy as np
import pytest

import jetgen
from jetgen.datasets.inspection.command import inspect
from jetgen.errors import InputError, InputWarning

WORDS = ["up", "down", "", "up", "very, high", "down", "very, high", "up"]


def write_csv(path, words=WORDS):
    rows = [f'{i},"{word}",id{i}' for i, word in enumerate(words)]
    path.write_text("x,shape,name\n" + "\n".join(rows) + "\n")
    return path


def write_parquet(path, words=WORDS):
    table = {
        "x": np.arange(float(len(words))),
        "shape": [word or None for word in words],
        "name": [f"id{i}" for i in range(len(words))],
    }
    ak.to_parquet(ak.Array(table), path)
    return path


@pytest.mark.parametrize("write", [write_csv, write_parquet])
def test_words_become_columns(tmp_path, write):
    path = write(tmp_path / "t")
    found = inspect(path)
    assert list(found.particles) == ["x", "shape=down", "shape=up", "shape=very, high"]
    assert list(found.unread) == ["name"]
    with pytest.warns(InputWarning, match="7 of 8 sets are kept"):
        cloud = jetgen.read(path, columns=["shape", "x"], drop_missing=True)
    assert [feature.name for feature in cloud.features] == [*list(found.particles)[1:], "x"]
    kept = [word for word in WORDS if word]
    for word in ("down", "up", "very, high"):
        assert cloud.feature(f"shape={word}")[:, 0].tolist() == [float(w == word) for w in kept]
    with pytest.warns(InputWarning, match="3 of 8 sets are kept"):
        up = jetgen.read(path, columns=["x"], select="'shape=up' == 1")
    assert up.particles[:, 0, 0].tolist() == [0, 3, 7]
    with pytest.raises(InputError, match="expected a column of numbers, received name: text"):
        jetgen.read(path, columns=["x", "name"])


def test_files_share_their_words(tmp_path):
    write_csv(tmp_path / "a.csv", ["up", "down"] * 4)
    write_csv(tmp_path / "b.csv", ["up", "flat"] * 4)
    cloud = jetgen.read(tmp_path, columns=["x"], conditions=["shape"])
    names = ["shape=down", "shape=flat", "shape=up"]
    assert [f.name for f in cloud.condition_features if f.name in names] == names
    assert [float(cloud.condition(name).sum()) for name in names] == [4, 4, 8]


def test_a_word_that_is_asked_for_may_be_absent(tmp_path):
    path = write_csv(tmp_path / "a.csv", ["up", "down"] * 4)
    cloud = jetgen.read(path, columns=["shape=up", "shape=flat"])
    assert cloud.particles.sum(0).tolist() == [[4, 0]]
