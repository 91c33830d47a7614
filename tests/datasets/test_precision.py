"""Columns whose numbers single precision cannot hold: event numbers, and times in seconds."""

from dataclasses import replace

import pyarrow
import pytest
from pyarrow import parquet

import jetgen
from jetgen.errors import InputError, InputWarning
from jetgen.runs.data import training_jets


@pytest.mark.parametrize("option", ["columns", "condition", "neither"])
def test_a_training_refuses_columns_that_single_precision_cannot_hold(tmp_path, option):
    rows = "\n".join(f"{1.7e9 + k},{k},{k % 7}" for k in range(60))
    (tmp_path / "t.csv").write_text(f"time,k,m\n{rows}\n")
    given = {"columns": {"columns": ("time", "k")}, "condition": {"condition": ("time",)}}
    options = {"representation": "features", **given.get(option, {})}
    config = jetgen.TrainConfig(
        data=[str(tmp_path / "t.csv")], run=str(tmp_path / "run"), **options
    )
    with pytest.raises(InputError, match=r"t\.csv: time: 60 different numbers become 1 in single"):
        training_jets(config)
    fine = replace(config, columns=("k", "m"), condition=())
    assert training_jets(fine).number == 60


def test_numbers_beside_jets_do_not_stop_a_training(make_gaussian_jets, tmp_path):
    jets = make_gaussian_jets(40, 1)
    lists = {n: [x[m].tolist() for x, m in zip(jets.feature(n), jets.mask, strict=True)]
             for n in ("px", "py", "pz")}  # fmt: skip
    table = pyarrow.table({**lists, "event": [2**53 + 2 * k for k in range(40)]})
    parquet.write_table(table, tmp_path / "jets.parquet")
    config = jetgen.TrainConfig(data=[str(tmp_path / "jets.parquet")], run=str(tmp_path / "run"))
    with pytest.warns(InputWarning, match="event: 40 different numbers become"):
        assert training_jets(config).number == 40
