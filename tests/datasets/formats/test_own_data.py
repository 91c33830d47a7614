"""Jets in containers of columns, under the names and in the coordinates that physicists use."""

import csv
import pickle
import re

import awkward as ak
import h5py
import numpy as np
import pytest
import torch
import uproot

import jetgen
from jetgen.cli.main import main
from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY
from jetgen.datasets.detection import detect, open_source
from jetgen.datasets.formats.names import Column, split_name
from jetgen.datasets.formats.numbered import numbered
from jetgen.datasets.formats.recognition import recognise
from jetgen.errors import InputError
from jetgen.physics import fourvectors
from jetgen.physics.classes import class_index

JETS, SLOTS = 40, 9  # of the fixture `truth`


def ragged(mask, values):
    return ak.unflatten(values[mask], mask.sum(1))


def check(cloud, truth, *, energy=True, rtol=2e-5):
    """The cloud holds the momenta of the truth, and jets that are their sums."""
    mask, columns = truth
    cloud = cloud.compact(SLOTS)
    assert cloud.features == (CARTESIAN_ENERGY if energy else CARTESIAN)
    np.testing.assert_array_equal(cloud.mask, mask)
    for feature in cloud.features:
        np.testing.assert_allclose(
            cloud.feature(feature.name)[cloud.mask], columns[feature.name][mask], rtol=rtol
        )
    total = fourvectors.jet_momentum(cloud)
    for name in ("pt", "eta", "phi", "mass"):
        expected = getattr(fourvectors, name)(total)
        np.testing.assert_allclose(cloud.condition(name), expected, rtol=1e-3, atol=1e-3)
    np.testing.assert_array_equal(cloud.condition("num_particles"), mask.sum(1))


NAMES = {
    "JetClass": {n: f"part_{n}" for n in ("px", "py", "pz")} | {"E": "part_energy"},
    "energy first": {"E": "E", "px": "px", "py": "py", "pz": "pz"},
    "polar and mass": {n: f"Jet_constituents_{n}" for n in ("pt", "eta", "phi", "mass")},
    "polar and energy": {n: f"Cand_{n}" for n in ("phi", "eta", "pt", "E")},
    "rapidity and mass": {"pt": "part.pt", "y": "part.y", "phi": "part.phi", "mass": "part.m"},
    "rapidity and energy": {"pt": "pfPt", "y": "pfRapidity", "phi": "pfPhi", "E": "pfEnergy"},
}


def write_root(path, columns, kind="tree"):
    with uproot.recreate(path) as file:
        if kind == "tree":
            kinds = {
                name: "var * float64" if values.ndim > 1 else "float64"
                for name, values in columns.items()
            }
            file.mktree("jets", kinds)
            file["jets"].extend(columns)
        else:
            file.mkrntuple("jets", columns)


def write_parquet(path, columns):
    import pyarrow
    from pyarrow import parquet

    table = {
        name: ak.to_arrow(values, extensionarray=False) if values.ndim > 1 else np.asarray(values)
        for name, values in columns.items()
    }
    parquet.write_table(pyarrow.table(table), path, row_group_size=13)


def write_hdf5(path, columns):
    with h5py.File(path, "w") as file:
        for name, values in columns.items():
            file[name.replace(".", "/")] = (
                ak.to_numpy(ak.fill_none(ak.pad_none(values, SLOTS), 0.0))
                if values.ndim > 1
                else np.asarray(values)
            )


def write_npz(path, columns):
    padded = {
        name: ak.to_numpy(ak.fill_none(ak.pad_none(values, SLOTS), 0.0))
        for name, values in columns.items()
    }
    np.savez_compressed(path, **padded)


def write_vlen(path, columns):
    with h5py.File(path, "w") as file:
        for name, values in columns.items():
            kind = h5py.vlen_dtype(np.float64)
            rows = file.create_dataset(name.replace(".", "_"), len(values), kind)
            for k, row in enumerate(values):
                rows[k] = np.asarray(row)


WRITERS = {
    "tree.root": write_root,
    "ntuple.root": lambda path, columns: write_root(path, columns, "ntuple"),
    "table.parquet": write_parquet,
    "arrays.h5": write_hdf5,
    "lists.h5": write_vlen,
    "arrays.npz": write_npz,
}


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("kind", NAMES)
def test_every_container_gives_the_same_jets_under_every_name(tmp_path, truth, name, kind):
    if kind == "rapidity and mass" and name == "ntuple.root":
        pytest.skip("fields of an RNTuple have no dots in their names")
    mask, values = truth
    columns = {theirs: ragged(mask, values[ours]) for ours, theirs in NAMES[kind].items()}
    WRITERS[name](tmp_path / name, columns)
    check(jetgen.read(tmp_path / name), truth)
    assert main(["inspect", str(tmp_path / name)]) == 0
    parts = list(jetgen.datasets.iter_chunks(tmp_path / name, 7))
    assert [len(part) for part in parts] == [7, 7, 7, 7, 7, 5]
    check(jetgen.ParticleCloud.concatenate(parts), truth)
    source = pickle.loads(pickle.dumps(open_source(tmp_path / name)))
    assert torch.equal(source.read(30, 40).particles, jetgen.read(tmp_path / name).particles[30:])


def test_awkward_records_in_parquet(tmp_path, truth):
    mask, values = truth
    particles = ak.zip({name: ragged(mask, values[name]) for name in ("px", "py", "pz", "E")})
    ak.to_parquet(particles, tmp_path / "alone.parquet")
    check(jetgen.read(tmp_path / "alone.parquet"), truth)
    record = ak.zip({"constituents": particles, "jet_tau1": np.arange(JETS)}, depth_limit=1)
    ak.to_parquet(record, tmp_path / "record.parquet")
    cloud = jetgen.read(tmp_path / "record.parquet")
    check(cloud, truth)
    np.testing.assert_array_equal(cloud.condition("jet_tau1"), np.arange(JETS))


def test_records_in_hdf5(tmp_path, truth):
    mask, values = truth
    kinds = [(name, "f4") for name in ("pt", "eta", "phi", "mass")]
    rows = np.zeros(mask.shape, [*kinds, ("valid", "?")])
    for name in ("pt", "eta", "phi", "mass"):
        rows[name] = np.where(mask, values[name], np.nan)
    rows["valid"] = mask
    jets = np.zeros(JETS, [("pt", "f4"), ("eta", "f4"), ("phi", "f4"), ("mass", "f4"), ("b", "i4")])
    for name in jets.dtype.names[:4]:
        jets[name] = 1 + np.arange(JETS)
    with h5py.File(tmp_path / "records.h5", "w") as file:
        file["tracks"], file["jets"] = rows, jets
    cloud = jetgen.read(tmp_path / "records.h5")
    np.testing.assert_array_equal(cloud.mask, mask)
    np.testing.assert_allclose(cloud.feature("px")[cloud.mask], values["px"][mask], atol=1e-4)
    np.testing.assert_array_equal(cloud.condition("mass"), 1 + np.arange(JETS))
    assert cloud.has_condition("jets.b")


def test_columns_named_in_attributes_and_those_that_are_not(tmp_path, truth):
    _, values = truth
    table = np.stack([values[name] for name in ("pt", "eta", "phi")], axis=-1)
    path = tmp_path / "arrays.h5"
    with h5py.File(path, "w") as file:
        file["constituents"] = table
    suggested = r"map=\{'pt': 'constituents.0', 'eta': 'constituents.1', 'phi': 'constituents.2'\}"
    with pytest.raises(InputError, match=suggested):
        jetgen.read(path)
    mapped = jetgen.read(
        path, map={"pt": "constituents.0", "eta": "constituents.1", "phi": "constituents.2"}
    )
    with h5py.File(path, "a") as file:
        file["constituents"].attrs["columns"] = ["pt", "eta", "phi"]
    named = jetgen.read(path)
    assert torch.equal(mapped.particles, named.particles) and torch.equal(mapped.mask, named.mask)
    np.testing.assert_allclose(named.feature("pz"), values["pz"], rtol=1e-5)
    np.save(tmp_path / "ours.npy", table)
    with pytest.raises(InputError, match=r"map=\{'pt': 'particles.0', 'eta': 'particles.1', "):
        jetgen.read(tmp_path / "ours.npy")
    words = {"pt": "particles.0", "eta": "particles.1", "phi": "particles.2"}
    assert torch.equal(jetgen.read(tmp_path / "ours.npy", map=words).particles, named.particles)


@pytest.mark.parametrize("order", [("E", "px", "py", "pz"), ("px", "py", "pz", "E")])
@pytest.mark.parametrize("suffix", ["h5", "npy"])
def test_four_momenta_without_names_are_suggested_and_read(tmp_path, truth, order, suffix):
    mask, values = truth
    table = np.stack([values[name] * mask for name in order], axis=-1)
    path = tmp_path / f"mine.{suffix}"
    if suffix == "npy":
        np.save(path, table)
    else:
        with h5py.File(path, "w") as file:
            file["particles"] = table
    words = {name: f"particles.{order.index(name)}" for name in ("E", "px", "py", "pz")}
    with pytest.raises(InputError, match=re.escape(f"such as map={words}")):
        jetgen.read(path)
    check(jetgen.read(path, map=words), truth)


@pytest.mark.parametrize("order", [("pt", "eta", "phi", "mass"), ("eta", "phi", "pt", "mask")])
def test_four_columns_that_are_no_four_momenta_are_not_taken_for_them(tmp_path, truth, order):
    mask, values = truth
    table = np.stack([(values | {"mask": mask})[name] * mask for name in order], axis=-1)
    np.save(tmp_path / "mine.npy", table)
    with pytest.raises(InputError, match=r"such as map=\{'pt': 'particles.0'"):
        jetgen.read(tmp_path / "mine.npy")


@pytest.mark.parametrize(
    "named",
    ["{name}_{k}", "{name}{k}", "p{k}_{name}", "part.{k}.{name}", "const_{k}_{name}", "p{k}{name}"],
)
def test_columns_numbered_in_a_table(tmp_path, truth, named):
    _, values = truth
    heads = [named.format(name=n, k=k) for k in range(SLOTS) for n in ("E", "PX", "PY", "PZ")]
    rows = np.stack([values[n] for n in ("E", "px", "py", "pz")], axis=-1).reshape(JETS, -1)
    with (tmp_path / "wide.csv").open("w", newline="") as file:
        csv.writer(file).writerows([[*heads, "tag"], *([*row.tolist(), 3] for row in rows)])
    cloud = jetgen.read(tmp_path / "wide.csv")
    check(cloud, truth)
    assert cloud.condition("tag").unique().tolist() == [3]


def test_a_series_is_not_combined_under_the_name_of_another_column():
    own = [Column("jet_pt", False)]
    series = [Column(f"jet{k}_{q}", False) for k in range(6) for q in ("pt", "eta", "phi")]
    assert {c.name for c in numbered(series)} == {"jet_pt", "jet_eta", "jet_phi"}
    assert numbered([*own, *series]) == [*own, *series]
    assert numbered(series[:12]) == series[:12], "too few"


def test_units(tmp_path, truth):
    mask, values = truth
    mega = {f"part_{n}": ragged(mask, values[n] * 1000) for n in ("px", "py", "pz")}
    write_root(tmp_path / "mev.root", mega)
    chosen = {"px": "part_px", "py": "part_py", "pz": "part_pz", "unit": "MeV"}
    check(jetgen.read(tmp_path / "mev.root", map=chosen), truth, energy=False)
    check(jetgen.read(tmp_path / "mev.root", map={"unit": "MeV"}), truth, energy=False)
    with pytest.raises(InputError, match=r"expected momenta in one unit .*received parsec"):
        jetgen.read(tmp_path / "mev.root", map={"unit": "parsec"})
    write_parquet(tmp_path / "mev.parquet", {f"{n} [MeV]": v for n, v in mega.items()})
    check(jetgen.read(tmp_path / "mev.parquet"), truth, energy=False)


@pytest.mark.parametrize("name", ["jet_weights", "mc_event_weight", "w"])
@pytest.mark.filterwarnings("default::jetgen.errors.InputWarning")
def test_columns_that_may_be_event_weights_are_not_ignored_in_silence(tmp_path, name, capsys):
    momenta = np.random.default_rng(1).normal(0, 20, (3, 30, 8))
    weights = np.linspace(1, 2, 30)
    path = tmp_path / "jets.npz"
    px, py, pz = momenta
    np.savez(path, part_px=px, part_py=py, part_pz=pz, **{name: weights})
    assert main(["inspect", str(path)]) == 0
    printed = capsys.readouterr()
    advice = f"{name} is not used as event weight; --map weight={name} makes it one"
    assert advice in printed.err and "event weight" not in printed.out
    assert main(["inspect", str(path), "--map", f"weight={name}"]) == 0
    printed = capsys.readouterr()
    assert printed.err == "" and "event weight" in printed.out
    read = jetgen.read(path, map={"weight": name})
    np.testing.assert_allclose(read.weights, weights, rtol=1e-6)


def test_two_collections_are_ambiguous_and_a_map_chooses(tmp_path, truth):
    mask, values = truth
    both = {
        f"{collection}_{n}": ragged(mask, values[n])
        for collection in ("part", "track")
        for n in ("pt", "eta", "phi")
    }
    write_root(tmp_path / "two.root", both)
    with pytest.raises(InputError, match=r"map=\{'pt': 'track_pt', 'eta': 'track_eta', 'phi'"):
        jetgen.read(tmp_path / "two.root")
    chosen = {"pt": "track_pt", "eta": "track_eta", "phi": "track_phi"}
    assert jetgen.read(tmp_path / "two.root", map=chosen).features == CARTESIAN
    for wrong, message in (
        ({"pt": "track_pt"}, "expected a map of the momenta of particles"),
        ({"momentum": "track_pt"}, "expected names among px, py"),
        ({**chosen, "phi": "phi"}, r"expected a column 'phi' for phi, received the columns"),
    ):
        with pytest.raises(InputError, match=message):
            jetgen.read(tmp_path / "two.root", map=wrong)


def test_of_several_trees_the_one_with_momenta_is_read(tmp_path, truth):
    mask, values = truth
    columns = {f"part_{n}": ragged(mask, values[n]) for n in ("px", "py", "pz")}
    path = tmp_path / "several.root"
    with uproot.recreate(path) as file:
        file.mktree("runs", {"run": "int32"})
        file["runs"].extend({"run": np.arange(3)})
        file.mktree("events/Events", dict.fromkeys(columns, "var * float64"))
        file["events/Events"].extend(columns)
    check(jetgen.read(path), truth, energy=False)
    check(jetgen.read(path, map={"tree": "events/Events"}), truth, energy=False)
    source = pickle.loads(pickle.dumps(open_source(path, map={"tree": "runs"})))
    assert [f.name for f in source.read(0, 3).features] == ["run"]
    with pytest.raises(InputError, match=r"among runs, .*received 'run'; did you mean 'runs'\?"):
        jetgen.read(path, map={"tree": "run"})
    with uproot.update(path) as file:
        file.mktree("other", dict.fromkeys(columns, "var * float64"))
        file["other"].extend(columns)
    with pytest.raises(InputError, match=r"received events/Events, other; choose one: map=\{'tre"):
        jetgen.read(path)
    check(jetgen.read(path, map={"tree": "other"}), truth, energy=False)
    with pytest.raises(InputError, match=r"map=\{'tree': 'other'\} names the tree of .*several.r"):
        jetgen.read(f"{path}:other")
    write_npz(tmp_path / "jets.npz", columns)
    with pytest.raises(InputError, match="expected a ROOT file for map"):
        jetgen.read(tmp_path / "jets.npz", map={"tree": "other"})


def test_a_published_layout_takes_no_map(jetnet_file):
    with pytest.raises(InputError, match="omit `map`"):
        jetgen.read(jetnet_file(), map={"unit": "MeV"})


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("part_px", ("part", "px")),
        ("Jet_constituents_pt", ("Jet_constituents", "pt")),
        ("jetPt", ("jet", "pt")),
        ("particles.E", ("particles", "E")),
        ("constituents/rapidity", ("constituents", "y")),
        ("pT", ("", "pt")),
        ("candeta", ("cand", "eta")),
        ("part_deta", ("part", "etarel")),
        ("jet_nparticles", ("jet", "n")),
        ("jet_sdmass", ("jet_sdmass", None)),
        ("part_charge", ("part_charge", None)),
        ("empty", ("empty", None)),
        ("beta", ("beta", None)),
        ("energy_of_the_beam", ("energy_of_the_beam", None)),
    ],
)
def test_names(name, expected):
    assert split_name(name) == expected


def test_recognition_is_a_function_of_names_alone():
    columns = [Column(f"part_{n}", True) for n in ("px", "py", "pz", "energy", "deta", "dphi")]
    columns += [Column("jet_pt", False), Column("weight", False)]
    found = recognise(columns, {})
    assert found is not None
    assert list(found.particles) == ["px", "py", "pz", "E"]
    assert found.jets == {"pt": "jet_pt"} and found.weight == "weight"
    assert recognise([Column("pt", True), Column("eta", True), Column("tau21", True)], {}) is None
    assert recognise([Column(n, False) for n in ("px", "py", "pz")], {}) is None


def test_labels_of_jets(tmp_path, truth):
    mask, values = truth
    columns = {f"part_{n}": ragged(mask, values[n]) for n in ("px", "py", "pz")}
    codes = np.arange(JETS) % 2
    write_root(tmp_path / "l.root", {**columns, "label": codes})
    assert jetgen.read(tmp_path / "l.root").condition("type").unique().tolist() == [-1]
    chosen = {"gluon": "label:0", "top": "label:1"}
    types = jetgen.read(tmp_path / "l.root", map=chosen).condition("type")
    assert types.tolist() == [0, 2] * (JETS // 2)
    assert len(jetgen.read(tmp_path / "l.root", map=chosen, jet_type="top")) == JETS // 2
    with pytest.raises(InputError, match="known classes, received 1 in jet 1 and 20 jets"):
        jetgen.read(tmp_path / "l.root", map={"gluon": "label:0", "quark": "label:5"})
    write_root(tmp_path / "t.root", {**columns, "type": np.where(codes, 21.0, 1.0)})
    said = r"received 21 in jet 1 and 20 jets .*map=\{'gluon': 'type:21'\}"
    with pytest.raises(InputError, match=said):
        jetgen.read(tmp_path / "t.root")


def test_words_as_labels_of_jets(tmp_path, truth):
    from pyarrow import parquet

    mask, values = truth
    columns = {f"part_{n}": ragged(mask, values[n]) for n in ("px", "py", "pz")}
    words = ["g", "", "t:b=1", "g"] * (JETS // 4)
    path = tmp_path / "words.parquet"
    write_parquet(path, columns)
    parquet.write_table(parquet.read_table(path).append_column("flavour", [words]), path)
    chosen = {"gluon": "flavour:g", "top": "flavour:t:b=1"}
    assert "flavour" in open_source(path).unread
    source = open_source(path, map=chosen)
    assert source.types().tolist() == [0, -1, 2, 0] * (JETS // 4) and not source.unread
    assert len(jetgen.read(path, map=chosen, jet_type="top")) == JETS // 4
    said = r"known classes, received 't:b=1' in jet 2 and 10 jets .*'gluon': 'flavour:t:b=1'"
    with pytest.raises(InputError, match=said):
        jetgen.read(path, map={"gluon": "flavour:g"})
    with pytest.raises(InputError, match="expected a column 'flavor:g' for gluon"):
        jetgen.read(path, map={"gluon": "flavor:g"})


def test_events_with_several_jets_are_refused_with_the_remedy(tmp_path, truth):
    mask, values = truth
    parts = ak.zip({n: ragged(mask, values[n]) for n in ("px", "py", "pz")})
    ak.to_parquet(ak.Array({"jets": ak.unflatten(parts, 2)}), tmp_path / "events.parquet")
    with pytest.raises(InputError, match=r"received jets \(lists of lists\); .*one row per jet"):
        jetgen.read(tmp_path / "events.parquet")


def test_columns_are_read_under_their_own_names_where_asked_for(tmp_path, truth):
    mask, values = truth
    columns = {f"part_{n}": ragged(mask, values[n]) for n in ("px", "py", "pz")}
    columns |= {"part_d0": ragged(mask, values["eta"]), "jet_tau": np.arange(JETS) * 1.0}
    columns["jet_bad"] = np.full(JETS, np.nan)
    write_root(tmp_path / "c.root", columns)
    cloud = jetgen.read(tmp_path / "c.root", columns=["part_d0", "part_px"])
    assert [f.name for f in cloud.features] == ["part_d0", "part_px"]
    one = jetgen.read(tmp_path / "c.root", columns=["jet_tau"])
    assert one.particles.shape == (JETS, 1, 1)
    extended = jetgen.read(tmp_path / "c.root", columns=["px", "py", "pz", "part_d0"])
    assert [f.name for f in extended.features] == ["px", "py", "pz", "part_d0"]
    np.testing.assert_allclose(
        extended.feature("part_d0")[extended.mask], values["eta"][mask], rtol=1e-5
    )


def test_the_jetclass_set(tmp_path, truth):
    """Zenodo 6619768: a tree of jagged particles, jets and ten labels, of which one is 1."""
    mask, values = truth
    names = ("QCD", "Hbb", "Hcc", "Hgg", "H4q", "Hqql", "Zqq", "Wqq", "Tbqq", "Tbl")
    columns = {f"part_{n}": ragged(mask, values[n]) for n in ("px", "py", "pz")}
    columns["part_energy"] = ragged(mask, values["E"])
    for name in ("deta", "dphi", "d0val", "charge", "isPhoton"):
        columns[f"part_{name}"] = ragged(mask, values["eta"])
    for k, name in enumerate(("pt", "eta", "phi", "energy", "nparticles", "sdmass", "tau1")):
        columns[f"jet_{name}"] = np.full(JETS, 0.5 + k)
    columns["jet_energy"], columns["jet_nparticles"] = np.full(JETS, 100.0), mask.sum(1)
    for k, name in enumerate(names):
        columns[f"label_{name}"] = (np.arange(JETS) % 10 == k).astype(float)
    write_root(tmp_path / "ZJetsToNuNu_000.root", columns)
    cloud = jetgen.read(tmp_path / "ZJetsToNuNu_000.root")
    assert cloud.features == CARTESIAN_ENERGY
    expected = ("qcd", "hbb", "hcc", "hgg", "h4q", "hqql", "z", "w", "top", "tbl")
    assert cloud.condition("type").tolist() == [class_index(n) for n in expected] * (JETS // 10)
    np.testing.assert_allclose(cloud.condition("pt"), 0.5)
    momentum = 0.5 * np.cosh(1.5)
    np.testing.assert_allclose(cloud.condition("mass"), np.sqrt(100**2 - momentum**2), rtol=1e-6)
    assert cloud.condition("jet_sdmass").unique().tolist() == [5.5]
    assert len(jetgen.read(tmp_path / "ZJetsToNuNu_000.root", jet_type="top")) == JETS // 10
    columns["label_Tbqq"][:3] = 1
    write_root(tmp_path / "several.root", columns)
    with pytest.raises(InputError, match="one label per jet, received several in 3 jets, first in"):
        jetgen.read(tmp_path / "several.root")


def test_the_top_tagging_set(top_tagging_file):
    """Zenodo 2603256: a table of pandas, 200 four-vectors in the order E, px, py, pz."""
    path, three = top_tagging_file()
    assert detect(path).name == "pandas HDF5"
    cloud = jetgen.read(path)
    assert cloud.features == CARTESIAN_ENERGY and cloud.particles.shape == (6, 200, 4)
    assert cloud.multiplicity.tolist() == [5] * 6
    np.testing.assert_allclose(cloud.particles[:, :5, :3], three, rtol=1e-5, atol=1e-6)
    top, qcd = class_index("top"), class_index("qcd")
    assert cloud.condition("type").tolist() == [top, qcd, top, qcd, qcd, top]


def test_aspen_open_jets(aspen_file, truth):
    mask, values = truth
    path = aspen_file()
    cloud = jetgen.read(path)
    np.testing.assert_array_equal(cloud.mask, mask)
    np.testing.assert_allclose(cloud.feature("E")[cloud.mask], values["E"][mask], rtol=1e-6)
    assert cloud.condition("pt").unique().tolist() == [400]
    assert cloud.condition("softdrop_mass").unique().tolist() == [80]
    assert detect(path).name == "Aspen Open Jets HDF5"


@pytest.mark.parametrize("labels", ["JetNet", "JetClass", "numbers"])
def test_omnilearn_files(omnilearn_file, truth, labels):
    mask, values = truth
    codes = np.arange(JETS) % 5
    path = omnilearn_file(labels)
    cloud = jetgen.read(path)
    np.testing.assert_array_equal(cloud.mask, mask)
    share = np.where(mask, values["pt"] / 1000, 0)
    np.testing.assert_allclose(cloud.feature("ptrel"), share, rtol=1e-5, atol=1e-9)
    np.testing.assert_allclose(cloud.feature("etarel"), values["eta"], rtol=1e-6)
    types = cloud.condition("type").tolist()
    if labels == "JetNet":
        assert types == codes.tolist()
    elif labels == "JetClass":
        names = ("top", "w", "z", "hqql", "h4q")
        assert types == [class_index(names[code]) for code in codes]
    else:
        assert set(types) == {-1}
        chosen = {"top": "pid:1", "qcd": "pid:0"}
        kept = jetgen.read(path, map=chosen, jet_type="top")
        assert len(kept) == JETS // 5
    with h5py.File(path, "a") as file:
        file["data"][3, 0, 2] = -5
    with pytest.raises(InputError, match=r"columns 2 and 3 .*received others in jet 3"):
        jetgen.read(path)


def test_the_map_on_the_command_line_in_yaml_and_in_messages(tmp_path, truth, capsys):
    mask, values = truth
    write_root(
        tmp_path / "mine.root", {f"a{n}": ragged(mask, values[n]) for n in ("pt", "eta", "phi")}
    )
    path = str(tmp_path / "mine.root")
    columns = "pt=apt,eta=aeta,phi=aphi"
    assert main(["inspect", path, "--map", f"{columns},unit=MeV"]) == 0
    assert "0.0" in capsys.readouterr().out
    np.save(tmp_path / "mine.npy", np.ones((30, 4, 3)))
    options = ["--data", str(tmp_path / "mine.npy"), "--run", str(tmp_path / "run")]
    assert main(["train", *options]) == 2
    assert "such as --map pt=particles.0,eta=particles.1,phi=particles.2" in capsys.readouterr().err
    assert not (tmp_path / "run" / "checkpoints").exists()
    (tmp_path / "map.yaml").write_text(
        f"data: [{path}]\nmap:\n  pt: apt\n  eta: aeta\n  phi: aphi\nepochs: 1\nbatch: 8\n"
        "hidden: 8\nprior: gaussian\n"
    )
    run = tmp_path / "mapped"
    assert main(["train", "--config", str(tmp_path / "map.yaml"), "--run", str(run)]) == 0
    assert (
        main(["train", "--config", str(run / "config.yaml"), "--run", str(tmp_path / "again")]) == 0
    )
    assert main(["generate", str(run), "--jets", "30"]) == 0
    output = str(tmp_path / "m.json")
    made = str(run / "generated.h5")
    assert main(["evaluate", made, "--real", path, "--map", columns, "--output", output]) == 0
