"""Tables with one particle per row, momenta in MeV, and columns of text: said, and readable."""

import pickle

import numpy as np
import pyarrow
import pytest
import torch
import uproot
from pyarrow import parquet

import jetgen
from jetgen.cli.main import main
from jetgen.datasets.detection import open_source
from jetgen.datasets.inspection.command import inspect
from jetgen.errors import InputError, InputWarning

JETS = 40


@pytest.fixture
def rows():
    """Momenta of particles, one per row, with the numbers of their event and of the jet in it."""
    rng = np.random.default_rng(3)
    jet = np.repeat(np.arange(JETS), rng.integers(2, 9, JETS))
    columns = {name: rng.normal(0, 20, len(jet)) for name in ("px", "py", "pz")}
    numbers = {"event": jet // 2, "jet": jet % 2, "jet_id": jet}
    return {**numbers, **columns, "charge": rng.integers(-1, 2, len(jet)), "jet_tag": jet * 1.5}


def write_csv(path, rows):
    np.savetxt(
        path, np.stack(list(rows.values()), 1), delimiter=",", header=",".join(rows), comments=""
    )


def write_parquet(path, rows):
    parquet.write_table(pyarrow.table(rows), path, row_group_size=50)


def write_root(path, rows):
    with uproot.recreate(path) as file:
        file["tree"] = rows


WRITERS = {"csv": write_csv, "parquet": write_parquet, "root": write_root}


@pytest.fixture(params=WRITERS)
def table(request, rows, tmp_path):
    path = tmp_path / f"rows.{request.param}"
    WRITERS[request.param](path, rows)
    return path


@pytest.mark.parametrize("index", ["jet_id", "event+jet"])
def test_rows_with_the_same_number_are_one_jet(table, rows, index):
    jets = jetgen.read(table, map={"set": index}, columns=["px", "py", "pz", "charge"])
    assert len(jets) == JETS
    assert tuple(f.name for f in jets.features) == ("px", "py", "pz", "charge")
    for k in (0, 17, JETS - 1):
        own = rows["jet_id"] == k
        for name in ("px", "py", "pz", "charge"):
            np.testing.assert_allclose(
                jets.feature(name)[k][jets.mask[k]], rows[name][own], rtol=1e-6
            )
    np.testing.assert_array_equal(jets.multiplicity, np.bincount(rows["jet_id"]))
    whole = jetgen.read(table, map={"set": index, "unit": "MeV"})
    np.testing.assert_allclose(whole.condition("jet_tag"), np.arange(JETS) * 1.5)
    torch.testing.assert_close(whole.particles, jets.particles[..., :3] / 1000)
    source = pickle.loads(pickle.dumps(open_source(table, map={"set": index})))
    torch.testing.assert_close(source.read(5, 9).particles, jets.particles[5:9, :, :3])


@pytest.mark.filterwarnings("default::jetgen.errors.InputWarning")
def test_a_table_with_one_particle_per_row_is_said_with_how_to_read_it(table, tmp_path, capsys):
    assert main(["inspect", str(table)]) == 0
    shown = capsys.readouterr()
    assert "--map set=event+jet+jet_id" in shown.err
    assert "nothing odd" not in shown.out
    with pytest.warns(InputWarning, match="several rows have the same event and jet and jet_id"):
        assert jetgen.read(table).mask.shape[1] == 1
    jetgen.read(table, columns=["px", "py", "pz"])  # rows are what is meant: no warning


@pytest.mark.parametrize(
    ("index", "message"),
    [
        ("jet", r"next to each other, received jet=0 again in row \d+; sort the table, or join"),
        ("jetid", "a column with one number per row for set, received 'jetid'; did you mean"),
        ("px", r"whole numbers below 2\^53 in px, received .* near row 0"),
    ],
)
def test_columns_that_number_no_sets_are_refused(table, index, message):
    with pytest.raises(InputError, match=message):
        jetgen.read(table, map={"set": index})


@pytest.mark.filterwarnings("default::jetgen.errors.InputWarning")
def test_momenta_in_mev_are_noticed_and_converted(rows, table, tmp_path, capsys):
    large = {k: v * 1e4 if k in ("px", "py", "pz") else v for k, v in rows.items()}
    WRITERS[table.suffix[1:]](table, large)
    columns = {"set": "jet_id"}
    assert main(["inspect", str(table), "--map", "set=jet_id"]) == 0
    assert "GeV looks like MeV; --map unit=MeV converts it" in capsys.readouterr().err
    with pytest.warns(InputWarning, match="looks like MeV"):
        jetgen.read(table, map=columns)
    for unit in ("MeV", "GeV"):  # said by the user: no warning
        assert inspect(table, map={**columns, "unit": unit}).doubts == []
    relative = jetgen.physics.to_relative(jetgen.read(table, map={**columns, "unit": "MeV"}))
    assert float(relative.condition("pt").median()) < 10_000


def test_published_layouts_in_mev_are_noticed(jetnet_file):
    import h5py

    path = jetnet_file()
    with h5py.File(path, "a") as file:
        file["jet_features"][:, 0] *= 1000
    with pytest.warns(InputWarning, match="looks like MeV; if so, divide the momenta"):
        jetgen.read(path)


def test_columns_of_text_are_called_text(tmp_path):
    (tmp_path / "t.csv").write_text("a,name,b\n1,mu,2\n3,e,\n5,nan mu,4\n")
    parquet.write_table(
        pyarrow.table({"a": [1.0, 3.0], "name": ["mu", "e"], "b": [2.0, 4.0]}),
        tmp_path / "t.parquet",
    )
    np.savez(tmp_path / "t.npz", a=np.ones(3), name=np.array(["mu", "e", "mu"]), b=np.ones(3))
    for path in sorted(tmp_path.glob("t.*")):
        assert inspect(path).unread == {"name": "text"}
        with pytest.raises(InputError, match="expected a column of numbers, received name: text"):
            jetgen.read(path, columns=["a", "name"])
    with pytest.warns(InputWarning, match=r"columns that are left out: name \(text\)"):
        assert [f.name for f in jetgen.read(tmp_path / "t.npz").features] == ["a", "b"]


@pytest.mark.parametrize(("make", "name"), [("mktree", "TTree"), ("mkrntuple", "ROOT::RNTuple")])
def test_a_tree_and_an_rntuple_are_called_what_they_are(tmp_path, make, name):
    with uproot.recreate(tmp_path / "t.root") as file:
        getattr(file, make)("rows", {"a": np.arange(3.0)})
    found = inspect(tmp_path / "t.root")
    assert (found.format, found.attributes["ROOT class"]) == ("ROOT table", name)
