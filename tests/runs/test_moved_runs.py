"""Runs and their data are moved, renamed and deleted, and used from any folder."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import awkward as ak
import h5py
import numpy as np
import pytest
import torch

import jetgen
from jetgen.citing.citations import of_run
from jetgen.cli.main import main
from jetgen.compression.command import compress
from jetgen.config.compress import CompressConfig
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.errors import InputError, InputWarning
from jetgen.files.whole import sha256
from jetgen.latent.encoding import encode_sets
from jetgen.runs.folder import RunFolder
from jetgen.runs.places import located, noted, places
from jetgen.training.command import train

TINY = preset("classic") | {
    "particles": 12, "hidden": 8, "layers": 1, "latent": 3, "epochs": 2, "device": "cpu",
}  # fmt: skip
COMMANDS = {
    "report": ["report", "{run}"],
    "latent": ["latent", "{run}"],
    "compare": ["compare", "{run}", "--output", "out"],
    "leaderboard": ["leaderboard", "{runs}", "--output", "out"],
    "generate in a region": ["generate", "{run}", "--region", "mass > 0", "--output", "x.h5"],
    "resume": ["train", "--run", "{run}", "--resume"],
}
"""The commands that need the data of a run."""


@pytest.fixture(scope="module")
def gaussian(make_gaussian_jets):
    return make_gaussian_jets


def write(path, jets, **attributes):
    path.parent.mkdir(parents=True, exist_ok=True)
    with JetgenWriter(path, attributes=attributes, slots=12) as writer:
        writer.append(jets)


@pytest.fixture(scope="module")
def trained(tmp_path_factory, gaussian):
    """The project as it was trained, put aside: nothing is left where it was."""
    project = tmp_path_factory.mktemp("work") / "project"
    write(project / "data" / "jets.h5", gaussian(400, seed=1), command="simulate")
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(project)
        train(TrainConfig(**TINY, data=["data/jets.h5"], run="runs/one"))
        jetgen.generate("runs/one", 20, output="runs/one/generated.h5")
    return project, project.rename(project.with_name("aside"))


@pytest.fixture
def project(trained, tmp_path, monkeypatch):
    """The project, where it was trained; the working directory is another one."""
    there, aside = trained
    shutil.copytree(aside, there)
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    yield there
    shutil.rmtree(there, ignore_errors=True)


@pytest.fixture(autouse=True)
def _no_pages(monkeypatch):
    """Commands stop when their jets are there, before they measure and draw."""

    def reached(*args, **kwargs):
        raise InputError("reached")

    for name in (
        "jetgen.reports.command.write_report",
        "jetgen.latent.command.conclude",
        "jetgen.ranking.command.score",
    ):
        monkeypatch.setattr(name, reached)


def ends(words, run, capsys):
    """Whether a command gets its jets, and the last line that it prints."""
    names = {"run": str(run), "runs": str(run.parent)}
    done = main([word.format(**names) for word in words])
    errors = capsys.readouterr().err.strip().splitlines()
    line = errors[-1] if errors else ""
    return done == 0 or line.endswith(("reached", "nothing to resume, this run is finished")), line


MOVES = {
    "nothing": (None, None),
    "the run": ("other/one", None),
    "both": ("other/project/runs/one", "other/project/data/jets.h5"),
}
"""Moves of run and data after which both are found."""


def moved(project, tmp_path, run=None, data=None):
    """Move the run and the file of a project; return where they are."""
    pairs = [(project / "runs" / "one", run), (project / "data" / "jets.h5", data)]
    found = []
    for old, new in pairs:
        if new is not None:
            (tmp_path / new).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(old, tmp_path / new)
        found.append(old if new is None else tmp_path / new)
    return found


@pytest.mark.parametrize("move", MOVES.values(), ids=MOVES)
@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_a_moved_run_finds_its_data(project, tmp_path, capsys, words, move):
    run, _ = moved(project, tmp_path, *move)
    reached, line = ends(words, run, capsys)
    assert reached, line


@pytest.mark.parametrize("words", COMMANDS.values(), ids=COMMANDS)
def test_data_that_moved_alone_are_named_by_an_option(project, tmp_path, capsys, words):
    run, data = moved(project, tmp_path, data="new name.h5")
    reached, line = ends(words, run, capsys)
    assert not reached
    assert f"--data: expected data/jets.h5, which {run} was trained on, at " in line
    assert f"{project}/data/jets.h5" in line and "found none; name it" in line
    assert line.endswith("with --data FILE")
    assert ends([*words, "--data", str(data)], run, capsys)[0]


@pytest.mark.parametrize(
    "words", [words for name, words in COMMANDS.items() if name != "latent"], ids=str
)
def test_other_data_are_refused_with_both_hashes(project, tmp_path, capsys, words, gaussian):
    run, data = moved(project, tmp_path)
    write(tmp_path / "other.h5", gaussian(400, seed=2))
    reached, line = ends([*words, "--data", str(tmp_path / "other.h5")], run, capsys)
    assert not reached
    assert f"{data.stat().st_size} bytes, SHA-256 {sha256(data)}" in line
    assert f"received {tmp_path / 'other.h5'} (" in line and sha256(tmp_path / "other.h5") in line


def test_both_places_are_in_the_message(project, tmp_path):
    run, data = moved(project, tmp_path, "a/b/c/one", "elsewhere.h5")
    with pytest.raises(InputError, match="found none") as caught:
        jetgen.load(run).held_out()
    assert f"{project}/data/jets.h5 or {tmp_path}/a/b/data/jets.h5 or" in str(caught.value)
    again = jetgen.load(run, data=data)
    assert len(again.held_out()) == 60 and again.data() == [data]


def test_the_right_one_of_two_places_is_taken(project, tmp_path, gaussian):
    run, data = moved(project, tmp_path, *MOVES["both"])
    held_out = jetgen.load(run).held_out()
    write(project / "data" / "jets.h5", gaussian(400, seed=2))
    found = jetgen.load(run)
    assert found.data() == [data]
    assert torch.equal(found.held_out().particles, held_out.particles)
    write(data.with_name("kept.h5"), gaussian(400, seed=3))
    data.with_name("kept.h5").replace(data)
    with pytest.raises(InputError, match=r"expected the file that .* found another"):
        jetgen.load(run).held_out()


def test_a_run_is_found_through_a_link(project, tmp_path):
    (tmp_path / "link").symlink_to(project / "runs" / "one")
    run, data = tmp_path / "link", project / "data" / "jets.h5"
    assert jetgen.load(run).data() == [data]
    shutil.move(project, tmp_path / "project")
    (tmp_path / "link").unlink()
    (tmp_path / "link").symlink_to(tmp_path / "project" / "runs" / "one")
    assert jetgen.load(run).data() == [tmp_path / "project" / "data" / "jets.h5"]


def test_what_needs_no_data_asks_for_none(project, tmp_path, capsys, recwarn):
    run, data = moved(project, tmp_path, "other/one")
    assert main(["cite", str(run)]) == 0
    before = capsys.readouterr().out
    assert "PYTHIA" in before
    data.unlink()
    assert main(["cite", str(run)]) == 0
    assert capsys.readouterr().out == before
    assert main(["generate", str(run), "--jets", "20", "--output", "made.h5"]) == 0
    made, again = jetgen.read("made.h5"), jetgen.read(run / "generated.h5")
    assert torch.equal(made.particles, again.particles)
    with h5py.File("made.h5") as file:
        assert json.loads(file.attrs["data"]) == RunFolder(run).read_environment()["data"]
    assert not len(recwarn)
    for words in COMMANDS.values():
        reached, line = ends(words, run, capsys)
        assert not reached and "\n" not in line and "found none" in line


def test_a_run_without_notes_of_places(project, tmp_path, monkeypatch, capsys):
    run, data = moved(project, tmp_path, "other/one")
    folder = RunFolder(run)
    environment = folder.read_environment()
    del environment["files"]
    folder.environment_file.write_text(json.dumps(environment))
    with pytest.raises(InputError, match="found none; name it"):
        jetgen.load(run).held_out()
    assert jetgen.load(run, data=data).data() == [data]
    left_out = r"the works behind its data are left out; data/jets\.h5: expected a file"
    with pytest.warns(InputWarning, match=left_out):
        of_run(run)
    assert main(["report", str(run), "--data", str(data)]) == 2
    assert "reached" in capsys.readouterr().err
    monkeypatch.chdir(project)
    assert len(jetgen.load(run).held_out()) == 60


@pytest.mark.parametrize(
    "files", [3, [3], [{}], [{"name": "x"}], [{"name": "data/jets.h5", "absolute": 3}]], ids=str
)
def test_damaged_notes_are_one_line(project, files):
    folder = RunFolder(project / "runs" / "one")
    folder.environment_file.write_text(json.dumps({**folder.read_environment(), "files": files}))
    with pytest.raises(InputError, match="expected what jetgen train notes"):
        jetgen.load(folder.path).held_out()


def test_a_moved_training_resumes_to_the_same_numbers(project, tmp_path, monkeypatch, same_runs):
    def stop(row):
        raise KeyboardInterrupt

    monkeypatch.chdir(project)
    config = TrainConfig(**TINY, data=["data/jets.h5"], run="runs/whole")
    train(config)
    with pytest.raises(KeyboardInterrupt):
        train(replace(config, run="runs/part"), observe=stop)
    shutil.copytree("runs/part", "runs/named")
    shutil.move(project, tmp_path / "there")
    monkeypatch.chdir(tmp_path)
    train(TrainConfig(run="there/runs/part", resume=True))
    same_runs(Path("there/runs/part"), Path("there/runs/whole"))
    shutil.move("there/data/jets.h5", "renamed.h5")
    assert main(["train", "--run", "there/runs/named", "--resume", "--data", "renamed.h5"]) == 0
    same_runs(Path("there/runs/named"), Path("there/runs/whole"))
    assert RunFolder("there/runs/named").read_config().data == ["data/jets.h5"]


def test_several_files_stay_in_the_order_of_the_training(tmp_path, monkeypatch, gaussian):
    monkeypatch.chdir(tmp_path)
    for name, seed in (("b", 1), ("a", 2)):
        write(Path(f"old/{name}.h5"), gaussian(100, seed=seed))
    run = train(TrainConfig(**TINY, data=["old/b.h5", "old/a.h5"], run="run"))
    held_out = jetgen.load(run).held_out()
    shutil.move("old", "new")
    Path("new/b.h5").rename("new/z.h5")
    found = jetgen.load(run, data="new")
    assert found.data() == [Path("new/z.h5"), Path("new/a.h5")]
    assert torch.equal(found.held_out().particles, held_out.particles)
    with pytest.raises(InputError, match=r"expected old/b\.h5, which run was trained on"):
        jetgen.load(run, data="new/a.h5")
    Path("old").mkdir()
    shutil.move("new/a.h5", "old/a.h5")
    assert jetgen.load(run, data="new/z.h5").data() == [Path("new/z.h5"), tmp_path / "old/a.h5"]


def test_a_folder_stands_for_the_files_that_it_held(tmp_path, gaussian):
    write(tmp_path / "data" / "jets.h5", gaussian(200, seed=1))
    run = train(TrainConfig(**TINY, data=[str(tmp_path / "data")], run=str(tmp_path / "run")))
    write(tmp_path / "data" / "more.h5", gaussian(100, seed=2))
    assert len(jetgen.load(run).held_out()) == 30
    with pytest.raises(InputError, match=r"received .*more\.h5"):
        jetgen.load(run, data=tmp_path / "data")


def test_a_map_reads_the_file_that_holds_sets_from_python(tmp_path, capsys, monkeypatch, gaussian):
    monkeypatch.chdir(tmp_path)
    jets = gaussian(200, seed=1)
    momenta = {name: jets.feature(name).numpy() for name in ("px", "py", "pz")}
    np.savez(
        "two.npz", **{f"{who}_{q}": x for who in ("part", "track") for q, x in momenta.items()}
    )
    chosen = {name: f"part_{name}" for name in momenta}
    words = ["--data", "two.npz", "--map", ",".join(f"{q}={name}" for q, name in chosen.items())]
    jets = jetgen.read("two.npz", map=chosen)
    run = jetgen.train(data=jets, run="run", **TINY)
    jetgen.generate(run, 20, output=run / "generated.h5")
    for name in ("report", "compare", "leaderboard"):
        assert ends([*COMMANDS[name], *words], run, capsys)[0]
        assert not ends([*COMMANDS[name], *words[:2]], run, capsys)[0]
        assert "none without --data" in ends([*COMMANDS[name], *words[2:]], run, capsys)[1]


def test_sets_from_python_are_found_in_a_file_with_the_same(
    tmp_path, capsys, monkeypatch, gaussian
):
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "jets.h5", gaussian(200, seed=1))
    write(tmp_path / "other.h5", gaussian(200, seed=2))
    jets = jetgen.read(tmp_path / "jets.h5")
    run = jetgen.train(data=jets, run=tmp_path / "run", **TINY)
    made = jetgen.generate(run, 20, output=run / "generated.h5")
    for words in COMMANDS.values():
        reached, line = ends(words, run, capsys)
        assert not reached and "passed from Python and are in no file; pass them again" in line
        assert ends([*words, "--data", str(tmp_path / "jets.h5")], run, capsys)[0]
    with pytest.raises(InputError, match=r"same numbers and names \(SHA-256 .*received others"):
        jetgen.load(run, data=tmp_path / "other.h5")
    model = jetgen.load(run, data=jets)
    named = jetgen.load(run, data=tmp_path / "jets.h5")
    assert torch.equal(named.held_out().particles, model.held_out().particles)
    for source in (run, model):
        given = {"data": jets} if source is run else {}
        with pytest.raises(InputError, match="reached"):
            jetgen.report(source, **given)
        with pytest.raises(InputError, match="reached"):
            jetgen.compare([source], output=tmp_path / "out", **given)
        inside = jetgen.generate(source, 20, region="mass > 0", **given)
        assert len(inside) == len(made)
    with pytest.raises(InputError, match="data: expected none with `real`"):
        jetgen.report(made, jets, data=jets)


def test_sets_in_place_of_files_are_refused(project):
    run = project / "runs" / "one"
    with pytest.raises(InputError, match=r"expected the files that .* received sets; name the fil"):
        jetgen.load(run, data=jetgen.read(project / "data" / "jets.h5"))


def test_data_without_use_are_refused(project, capsys):
    run, data = str(project / "runs" / "one"), str(project / "data" / "jets.h5")
    assert main(["generate", run, "--data", data, "--output", "x.h5"]) == 2
    assert "--data: expected none without --region" in capsys.readouterr().err
    words = ["--real", data, "--generated", data, "--output", "x", "--data", data]
    assert main(["report", *words]) == 2
    assert "--data: expected none without a run" in capsys.readouterr().err


def test_a_name_that_says_the_class_must_stay(tmp_path):
    def jetnet(path):
        generator = np.random.default_rng(1)
        with h5py.File(path, "w") as file:
            file["particle_features"] = generator.random((5, 3, 4)).round()
            file["jet_features"] = generator.random((5, 4))

    jetnet(tmp_path / "g.hdf5")
    known = places(tmp_path / "g.hdf5", tmp_path / "run")
    (tmp_path / "g.hdf5").rename(tmp_path / "gluons.hdf5")
    with pytest.raises(InputError, match=r"expected the name g\.hdf5 as in the training"):
        located(known, tmp_path / "run", tmp_path / "gluons.hdf5")
    (tmp_path / "gluons.hdf5").rename(tmp_path / "g30.hdf5")
    found = located(known, tmp_path / "run", tmp_path / "g30.hdf5")
    assert found == [tmp_path / "g30.hdf5"]


def test_other_jets_are_read_as_those_of_the_run(tmp_path, toy_jets):
    def table(path, seed):
        momenta = toy_jets(200, seed).to_awkward().particles
        fields = {f"c_{name}": 1000 * getattr(momenta, name) for name in ("px", "py", "pz")}
        ak.to_parquet(ak.zip(fields, depth_limit=1), path)

    table(tmp_path / "one.parquet", 1)
    table(tmp_path / "two.parquet", 2)
    columns = {"px": "c_px", "py": "c_py", "pz": "c_pz", "unit": "MeV"}
    run = jetgen.train(data=tmp_path / "one.parquet", map=columns, run=tmp_path / "run", **TINY)
    assert len(encode_sets(run, [str(tmp_path / "two.parquet")]).jets) == 200
    files = [str(tmp_path / name) for name in ("two.parquet", "two.jgz")]
    assert compress(CompressConfig(*files, run=str(run))).jets == 200
    (tmp_path / "one.parquet").rename(tmp_path / "three.parquet")
    own = encode_sets(run, [str(tmp_path / "three.parquet")]).jets
    assert len(own) == 30


@pytest.mark.parametrize("field", ["name", "absolute", "relative", "bytes", "format", "command"])
@pytest.mark.parametrize("value", [[1], {"a": 1}, 0.5])
def test_notes_of_another_type_are_refused(field, value):
    file = {"name": "a.h5", "absolute": "/a.h5", "relative": "a.h5", "bytes": 3, "format": "sets"}
    with pytest.raises((KeyError, TypeError)):
        noted({"data": {"a.h5": "0" * 64}, "files": [file | {field: value}]})
