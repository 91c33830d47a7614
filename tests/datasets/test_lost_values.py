"""No value of a file is lost, changed or made up without a word: one test for each kind."""

import datetime
import decimal
import warnings

import h5py
import numpy as np
import pytest

import jetgen
from jetgen.datasets.inspection.command import inspect
from jetgen.errors import InputError, InputWarning, PrecisionWarning


def parquet(path, **columns):
    import pyarrow
    from pyarrow.parquet import write_table

    write_table(pyarrow.table(columns), path)
    return path


def momenta(**changed):
    return {f"p{x}": np.ones((4, 6), np.float32) for x in "xyz"} | changed


def test_shorter_lists_of_a_quantity_are_no_zeros(tmp_path):
    lists = {"px": [[1.0], [1.0, 2.0]], "py": [[1.0], [1.0, 2.0]]}
    path = parquet(tmp_path / "jets.parquet", **lists, pz=[[1.0], [1.0]])
    with pytest.raises(InputError, match="received other lengths in pz than in px"):
        jetgen.read(path)
    path = parquet(tmp_path / "good.parquet", **lists, pz=[[1.0], [1.0, 2.0]])
    assert jetgen.read(path).multiplicity.tolist() == [1, 2]


def test_a_missing_list_is_said_to_be_read_as_an_empty_one(tmp_path):
    path = parquet(tmp_path / "t.parquet", x=[[1.0], None, []])
    with pytest.warns(InputWarning, match="missing lists of x are read as empty ones"):
        assert jetgen.read(path).multiplicity.tolist() == [1, 0, 0]


@pytest.mark.parametrize("missing", [("pt",), ("pt", "eta", "phi")])
def test_only_slots_without_any_number_are_padding(tmp_path, missing):
    slots = {name: np.ones((4, 6)) for name in ("pt", "eta", "phi")}
    for name in missing:
        slots[name][:, 5] = np.nan
    np.savez(tmp_path / "jets.npz", **slots)
    if len(missing) == 3:
        assert jetgen.read(tmp_path / "jets.npz").multiplicity.tolist() == [5] * 4
        return
    with pytest.raises(InputError, match="NaN or infinity in 4 particles"):
        jetgen.read(tmp_path / "jets.npz")


@pytest.mark.parametrize("form", ["csv", "npz", "parquet", "h5"])
def test_integers_beyond_double_precision_are_told(tmp_path, form):
    numbers, path = 10**18 + np.arange(5), tmp_path / f"t.{form}"
    match form:
        case "csv":
            path.write_text("event,k\n" + "".join(f"{n},1\n" for n in numbers))
        case "npz":
            np.savez(path, event=numbers)
        case "parquet":
            parquet(path, event=numbers)
        case _:
            with h5py.File(path, "w") as file:
                file["event"] = numbers
    with pytest.warns(PrecisionWarning, match="event: 5 different numbers become 1"):
        jetgen.read(path)


def test_identifiers_with_underscores_are_no_numbers(tmp_path):
    (tmp_path / "t.csv").write_text("run,k\n1_2,1\n3_4,2\n1_2,3\n3_4,4\n")
    assert [f.name for f in jetgen.read(tmp_path / "t.csv").features] == ["k", "run=1_2", "run=3_4"]


def test_columns_of_any_type_stop_no_others(tmp_path):
    import pyarrow

    odd = {
        "decimal": [decimal.Decimal("1.5")] * 2,
        "map": pyarrow.array([[("a", 1)]] * 2, pyarrow.map_(pyarrow.string(), pyarrow.int32())),
        "day": [datetime.date(2026, 1, 1)] * 2,
        "nothing": pyarrow.nulls(2),
    }
    path = parquet(tmp_path / "t.parquet", x=[1.0, 2.0], **odd)
    with pytest.warns(InputWarning, match=r"left out: .*decimal \(no numbers"):
        assert [f.name for f in jetgen.read(path).features] == ["x"]
    assert set(inspect(path).unread) == set(odd)


@pytest.mark.parametrize("name", ["root", "PAR1", "PK", "{x}", "<x>", "%PDF"])
def test_the_name_of_the_first_column_is_no_signature(tmp_path, name):
    (tmp_path / "t.csv").write_text(f"{name},b\n1,2\n3,4\n")
    assert [f.name for f in jetgen.read(tmp_path / "t.csv").features] == [name, "b"]


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        ("a,b\n1,2\n", "utf-16", "received text in UTF-16; save it in UTF-8"),
        ("\xe9,b\n1,2\n", "latin-1", "expected text in UTF-8"),
        ("a,b\n1,2,3\n", "utf-8", "begins with 'a,b' and '1,2,3'; add names"),
        ("a;b\n1,5;2,5\n", "utf-8", "'1,5;2,5'; .* write numbers with decimal points"),
    ],
)
def test_what_is_wrong_with_a_text_is_said(tmp_path, text, encoding, said):
    (tmp_path / "t.csv").write_bytes(text.encode(encoding))
    with pytest.raises(InputError, match=said):
        jetgen.read(tmp_path / "t.csv")


def test_columns_of_one_name_are_all_there_or_said(tmp_path):
    with h5py.File(tmp_path / "frame.h5", "w") as file:
        group = file.create_group("df")
        group.attrs["pandas_type"] = "frame"
        for k, names in enumerate([[b"a", b"b"], [b"a"]]):
            group[f"block{k}_items"] = names
            group[f"block{k}_values"] = np.full((3, len(names)), 1.0 + k)
    frame = jetgen.read(tmp_path / "frame.h5")
    assert [f.name for f in frame.features] == ["a", "b", "a.1"]
    assert frame.particles[0, 0].tolist() == [1, 1, 2]
    with h5py.File(tmp_path / "units.h5", "w") as file:
        file["t"] = np.arange(6.0).reshape(3, 2)
        file["t"].attrs["columns"] = ["a [GeV]", "a [MeV]"]
    with pytest.warns(InputWarning, match=r"t\.a \[MeV\] \(another column is named t\.a\)"):
        assert jetgen.read(tmp_path / "units.h5").particles[:, 0, 0].tolist() == [0, 2, 4]
    (tmp_path / "t.csv").write_text("a,a,a.1\n1,2,3\n4,5,6\n")
    assert jetgen.read(tmp_path / "t.csv").particles[0, 0].tolist() == [1, 2, 3]
    with pytest.raises(InputError, match="columns: expected each column once"):
        jetgen.read(tmp_path / "t.csv", columns=["a", "a"])


@pytest.mark.parametrize(
    ("value", "said"), [(-5.0, "a negative particle pT in 1 jets"), (np.nan, "columns: pt")]
)
def test_particles_of_events_do_not_vanish(lhco_file, lhco_events, value, said):
    rows = lhco_events.copy()
    rows[2, 3] = value
    with pytest.raises(InputError, match=f"{said}.* in jet 2|in jet 2.*{said}"):
        jetgen.read(lhco_file(rows))


def test_parts_that_were_never_written_are_said(tmp_path):
    with h5py.File(tmp_path / "jets.h5", "w") as file:
        file.update(momenta(py=np.ones((4, 6))))
        del file["px"]
        file.create_dataset("px", (4, 6), "f4", chunks=(2, 6))[:2] = 1
    with pytest.warns(InputWarning, match="px has parts that were never written") as shown:
        jetgen.read(tmp_path / "jets.h5")
    assert len(shown) == 1
    with h5py.File(tmp_path / "jets.h5", "a") as file:
        file["px"][2:] = 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        jetgen.read(tmp_path / "jets.h5")


def test_links_back_to_a_group_repeat_nothing(tmp_path):
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file["g/x"] = np.arange(4.0)
        file["g/again"] = file["/"]
    assert [f.name for f in jetgen.read(tmp_path / "t.h5").features] == ["g/x"]
