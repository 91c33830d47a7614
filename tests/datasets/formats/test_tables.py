"""Tables and files of sets with any named features, through ``read`` and back."""

import pickle
import sys

import numpy as np
import pytest
import torch

import jetgen
from jetgen.cli.main import main
from jetgen.cloud import Feature, ParticleCloud
from jetgen.datasets import iter_chunks
from jetgen.datasets.detection import open_source
from jetgen.datasets.inspection.command import inspect
from jetgen.datasets.writing import set_writer
from jetgen.errors import InputError, InputWarning

MUON = (Feature("px", "GeV"), Feature("py", "GeV"), Feature("pz", "GeV"), Feature("x", "mm"))
JET = (Feature("pt", "GeV"), Feature("eta"), Feature("tau21"))
CHARGE = (Feature("charge"),)


def sets(count, features=MUON, slots=1, seed=1):
    generator = torch.Generator().manual_seed(seed)
    sizes = torch.randint(0 if slots > 1 else 1, slots + 1, (count,), generator=generator)
    return ParticleCloud(
        torch.randn(count, slots, len(features), generator=generator),
        torch.arange(slots) < sizes.unsqueeze(1),
        features,
        torch.randint(0, 2, (count, 1), generator=generator).float(),
        CHARGE,
        torch.rand(count, generator=generator),
    )


def same(ours, theirs):
    assert torch.equal(ours.mask, theirs.mask)
    torch.testing.assert_close(ours.particles, theirs.particles)
    torch.testing.assert_close(ours.weights, theirs.weights)
    for feature in theirs.condition_features:
        assert feature in ours.condition_features
        torch.testing.assert_close(ours.condition(feature.name), theirs.condition(feature.name))


@pytest.mark.parametrize(
    ("name", "slots"),
    [(f"m.{suffix}", slots) for suffix in ("h5", "root", "parquet") for slots in (1, 2)]
    + [("m.csv", 1)],
)
def test_sets_come_back_as_they_were_written_piece_by_piece(tmp_path, name, slots):
    features = MUON if slots == 1 else JET
    cloud = sets(5000, features, slots)
    path = tmp_path / name
    with set_writer(path, features, CHARGE, slots=slots, attributes={"seed": 1}) as append:
        append(cloud[:2900])
        append(cloud[2900:])
    back = jetgen.read(path, columns=[f.name for f in features], conditions=["charge"])
    assert back.features == features
    same(back, cloud)
    some = list(iter_chunks(path, 700, jets=1500, first=True, conditions=["charge"]))
    assert [len(part) for part in some] == [700, 700, 100]
    same(ParticleCloud.concatenate(some), cloud[:1500])
    source = pickle.loads(pickle.dumps(open_source(path)))
    assert torch.equal(source.read(4990, 5000).particles[..., 0], cloud.particles[4990:, :, 0])
    assert inspect(path).faults.keys() <= {"no particles"}
    assert main(["inspect", str(path)]) == 0


def test_units_weights_and_columns_of_a_csv_table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a [GeV],b,weight,d\n1,2,0.5,7\n3,4,2.5,8\n\n5,6,1,9\n")
    cloud = jetgen.read(path, columns=["b", "a"], conditions=["d"])
    assert cloud.features == (Feature("b"), Feature("a", "GeV"))
    np.testing.assert_array_equal(cloud.particles[:, 0], [[2, 1], [4, 3], [6, 5]])
    np.testing.assert_array_equal(cloud.weights, [0.5, 2.5, 1])
    np.testing.assert_array_equal(cloud.condition("d"), [7, 8, 9])
    assert [f.name for f in jetgen.read(path).features] == ["a", "b", "d"]
    with pytest.raises(InputError, match="column 'e': expected one of a, b, weight, d"):
        jetgen.read(path, columns=["e"])
    with pytest.raises(InputError, match="column 'e': expected one of a, b, weight, d"):
        jetgen.read(path, conditions=["e"])


def test_nan_is_reported_with_its_column_and_row_where_it_is_asked_for(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text("a,b,name\n1,2,mu\n3,,mu\n5,nan,e\n")
    with pytest.raises(InputError, match=r"NaN or infinity in 2 .*first in jet 1; columns: b;"):
        jetgen.read(path, columns=["a", "b"])
    np.testing.assert_array_equal(jetgen.read(path, columns=["a"]).particles[:, 0, 0], [1, 3, 5])
    assert inspect(path).faults["NaN in a particle"].jets == 2
    assert inspect(path).unread == {"name": "text"}
    with pytest.raises(InputError, match="expected a column of numbers, received name: text"):
        jetgen.read(path, columns=["a", "name"])
    path.write_text("a,b\n1,2\n3\n")
    with pytest.raises(InputError, match="expected 2 columns as in the first line, received 1 in"):
        jetgen.read(path)


def test_a_parquet_table_of_any_program_is_read_by_row_groups(tmp_path):
    import pyarrow
    from pyarrow import parquet

    columns = {
        "a [GeV]": pyarrow.array(range(10), pyarrow.int32()),
        "b": pyarrow.array([0.5, None] * 5, pyarrow.float64()),
        "flag": pyarrow.array([True, False] * 5),
        "name": ["mu"] * 10,
    }
    path = tmp_path / "table.parquet"
    parquet.write_table(pyarrow.table(columns), path, row_group_size=3)
    cloud = jetgen.read(path, columns=["a", "flag"])
    assert cloud.features == (Feature("a", "GeV"), Feature("flag"))
    np.testing.assert_array_equal(cloud.particles[:, 0, 0], np.arange(10))
    np.testing.assert_array_equal(open_source(path).read(2, 7).particles[:, 0, 2], [1, 0, 1, 0, 1])
    with pytest.raises(InputError, match=r"NaN or infinity in 5 .*first in jet 1; columns: b;"):
        jetgen.read(path, columns=["a", "b", "flag"])
    lists = {"x": [[1.0, 2.0], [], None], "y": [[3.0, 4.0], [], []], "n": [7, 8, 9]}
    parquet.write_table(pyarrow.table(lists), path)
    with pytest.warns(InputWarning, match="missing lists of x are read as empty ones"):
        sets = jetgen.read(path)
    assert sets.multiplicity.tolist() == [2, 0, 0] and sets.condition("n").tolist() == [7, 8, 9]
    parquet.write_table(pyarrow.table({"x": [[1.0]], "y": [[1.0, 2.0]]}), path)
    with pytest.raises(InputError, match="lists of equal length in every entry"):
        jetgen.read(path)
    parquet.write_table(pyarrow.table({"name": ["a"]}), path)
    with pytest.raises(InputError, match=r"expected columns of numbers, received name \(text\)$"):
        jetgen.read(path)
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(InputError, match="complete Parquet file, received one that is cut short"):
        jetgen.read(path)


def test_parquet_files_keep_units_and_what_is_said_of_them(tmp_path):
    path = tmp_path / "m.parquet"
    with set_writer(path, MUON, CHARGE, slots=1, attributes={"seed": 3, "prior": "flow"}) as append:
        append(sets(20))
    assert open_source(path).attributes == {"seed": 3, "prior": "flow"}
    assert jetgen.read(path).features[:4] == MUON


def test_without_pyarrow_the_error_says_how_to_get_it(tmp_path, monkeypatch):
    path = tmp_path / "m.parquet"
    path.write_bytes(b"PAR1\x15")
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    with pytest.raises(InputError, match=r"pip install 'jetgen\[parquet\]'"):
        jetgen.read(path)
    with (
        pytest.raises(InputError, match=r"pip install 'jetgen\[parquet\]'"),
        set_writer(tmp_path / "new.parquet", MUON, slots=1, attributes={}),
    ):
        pass
    assert not (tmp_path / "new.parquet").exists()


def test_files_that_are_no_tables_are_refused(tmp_path):
    for name, content in {"words.csv": "once,upon\na,time\n", "numbers.csv": "1,2\n3,4\n"}.items():
        (tmp_path / name).write_text(content)
        with pytest.raises(InputError, match="expected a table with a line of names"):
            jetgen.read(tmp_path / name)
    (tmp_path / "cut.root").write_bytes(b"root" + bytes(40))
    with pytest.raises(InputError, match="cut short or damaged"):
        jetgen.read(tmp_path / "cut.root")


def test_of_several_trees_without_momenta_one_is_named(tmp_path):
    import uproot

    with uproot.recreate(tmp_path / "two.root") as file:
        for name in ("one", "two"):
            file.mktree(name, {"a": "float32"})
            file[name].extend({"a": np.ones(3, dtype="f4")})
    with pytest.raises(InputError, match=r"received one, two; choose one: map=\{'tree': 'one'\}"):
        jetgen.read(tmp_path / "two.root")
    assert len(jetgen.read(tmp_path / "two.root", map={"tree": "two"})) == 3


def test_writers_refuse_what_does_not_fit_and_leave_nothing_behind(tmp_path):
    def write(name, slots, cloud=None):
        with set_writer(tmp_path / name, JET, slots=slots, attributes={}) as append:
            append(cloud)

    with pytest.raises(InputError, match=r"expected \.h5, \.root or \.parquet for sets of up to 2"):
        write("a.csv", 2)
    with pytest.raises(InputError, match=r"expected a name in \.h5, \.root, \.parquet or \.csv"):
        write("a.txt", 1)
    with pytest.raises(InputError, match="expected sets of pt"):
        write("a.h5", 1, sets(3))
    with pytest.raises(InputError, match="expected sets of at most 1 items, received 2"):
        write("a.h5", 1, sets(30, JET, slots=2))
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "a.root").write_text("mine")
    with pytest.raises(InputError, match="expected a new file"):
        write("a.root", 1, sets(3, JET))
    assert (tmp_path / "a.root").read_text() == "mine"
