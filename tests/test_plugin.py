"""Components of another package, from the command line and through the public checks."""

import importlib
import json
import shutil
import sys
import tomllib
from pathlib import Path

import h5py
import pytest
import yaml

import jetgen
from jetgen import registry
from jetgen.cli.main import main
from jetgen.components import ENCODERS, FORMATS
from jetgen.config.train import TrainConfig
from jetgen.datasets.detection import detect
from jetgen.errors import InputError
from jetgen.runs.folder import RunFolder
from jetgen.studies.definition import define
from jetgen.sweeps.definition import read_sweep
from jetgen.testing import check_encoder, check_format, check_loss, check_objective

PACKAGE = Path(__file__).parent / "plugin"
SMALL = ["--hidden", "8", "--layers", "1", "--latent", "4", "--epochs", "1", "--device", "cpu"]
SMALL += ["--prior", "gaussian"]


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    """A folder with the example package as an installer leaves it."""
    folder = tmp_path_factory.mktemp("site")
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    shutil.copytree(PACKAGE / "jetgen_example", folder / "jetgen_example")
    about = folder / f"jetgen_example-{project['version']}.dist-info"
    about.mkdir()
    head = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (about / "METADATA").write_text(head, encoding="utf-8")
    lines = []
    for group, entries in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {path}" for name, path in entries.items())]
    (about / "entry_points.txt").write_text("\n".join(lines), encoding="utf-8")
    (about / "top_level.txt").write_text("jetgen_example\n", encoding="utf-8")
    return folder


@pytest.fixture
def modules(monkeypatch):
    """Forgets afterwards what is imported and allowed."""
    before = set(sys.modules)
    monkeypatch.setattr(registry, "_allowed", set())
    registry._installed.cache_clear()
    yield monkeypatch
    for name in set(sys.modules) - before:
        if name.partition(".")[0] in ("jetgen_example", "marked"):
            del sys.modules[name]
    registry._installed.cache_clear()


@pytest.fixture
def installed(site, modules):
    modules.syspath_prepend(str(site))
    registry._installed.cache_clear()
    return site


@pytest.fixture
def jet_list(tmp_path, make_gaussian_jets):
    jets = make_gaussian_jets(700, seed=1)
    lines = [
        ";".join(" ".join(f"{value:.7g}" for value in particle) for particle in jet[mask].tolist())
        for jet, mask in zip(jets.particles[..., :3], jets.mask, strict=True)
    ]
    path = tmp_path / "jets.txt"
    path.write_text("#jet list\n" + "\n".join(lines), encoding="utf-8")
    return path


@pytest.fixture
def marked(tmp_path, modules):
    """A module that leaves a mark when it is imported."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    mark = folder / "imported"
    text = f"from pathlib import Path\nPath({str(mark)!r}).touch()\n"
    text += "from jetgen.networks.deepsets import DeepSetsEncoder as Encoder\n"
    (folder / "marked.py").write_text(text, encoding="utf-8")
    modules.syspath_prepend(str(folder))
    return mark


@pytest.mark.slow
def test_one_component_of_each_kind_from_the_command_line(installed, jet_list, tmp_path, capsys):
    run = tmp_path / "run"
    words = ["--encoder", "pooled", "--encoder-option", "width=8", "--loss", "energy-distance"]
    words += ["--objective", "sparse-ae", "--objective-option", "weight=0.5"]
    words += ["--monitor", "mean-multiplicity", "--monitor-every", "1"]
    assert main(["train", "--data", str(jet_list), "--run", str(run), *words, *SMALL]) == 0
    row, *_ = RunFolder(run).read_metrics()
    assert float(row["monitor_mean-multiplicity"]) >= 0
    assert "train_code_size" in row

    config = yaml.safe_load((run / "config.yaml").read_text(encoding="utf-8"))
    assert (config["encoder"], config["encoder_option"]) == ("pooled", ["width=8"])
    assert jetgen.load(run).model.encoder.embed[-1].out_features == 8
    noted = json.loads((run / "environment.json").read_text(encoding="utf-8"))["components"]
    assert {entry["name"] for entry in noted} >= {"pooled", "energy-distance", "sparse-ae"}
    assert {(entry["package"], entry["version"]) for entry in noted} == {("jetgen-example", "1.2")}

    assert main(["generate", str(run), "--jets", "300"]) == 0
    with h5py.File(run / "generated.h5") as file:
        assert "jetgen-example" in str(dict(file.attrs))
    capsys.readouterr()
    assert main(["evaluate", str(run / "generated.h5"), "--real", str(jet_list)]) == 0
    printed = " ".join(capsys.readouterr().out.split())
    assert "difference of mean multiplicities" in printed, printed
    content = json.loads((run / "generated.metrics.json").read_text(encoding="utf-8"))
    (found,) = [row for row in content["rows"] if row["metric"] == "mean-multiplicity"]
    assert found["floor"] > 0 and found["uncertainty"] > 0
    assert content["components"][0]["package"] == "jetgen-example"
    assert main(["inspect", str(jet_list)]) == 0
    assert "jet list" in capsys.readouterr().out


def test_help_and_doctor_list_them(installed, capsys):
    assert main(["train", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert "pooled (jetgen-example 1.2)" in text
    assert "pooled: width=16 (width of the particles' vectors)" in text
    assert main(["doctor"]) == 0
    text = capsys.readouterr().out
    assert "pooled of jetgen-example 1.2" in text and "jet list of jetgen-example 1.2" in text


def test_they_keep_the_laws(installed, jet_list):
    check_encoder(ENCODERS["pooled"])
    check_encoder(ENCODERS["pooled"], {"width": 3})
    check_loss(importlib.import_module("jetgen_example.loss").EnergyDistance)
    check_objective(importlib.import_module("jetgen_example.objective").SparseAutoencoder)
    check_format(FORMATS["jet list"], jet_list)
    assert detect(jet_list).name == "jet list"


def test_their_options_are_checked(installed):
    assert TrainConfig(encoder="pooled").own_options("encoder") == {"width": 16}
    for texts, message in (
        (["width=0"], "expected at least 1, received 0"),
        (["width=wide"], "width= with a value of type int, received 'wide'"),
        (["depth=3"], "NAME=VALUE with a name among width, received 'depth'"),
        (["width"], "NAME=VALUE with each name once, received 'width'"),
    ):
        with pytest.raises(InputError, match=message):
            TrainConfig(encoder="pooled", encoder_option=texts)
    with pytest.raises(InputError, match="prior: expected one with continuous codes"):
        TrainConfig(objective="sparse-ae", prior="discrete", components=3)


def received_run(tmp_path, **options):
    run = RunFolder(tmp_path / "received")
    run.write_config(TrainConfig())
    values = yaml.safe_load(run.config_file.read_text(encoding="utf-8"))
    run.config_file.write_text(yaml.safe_dump(values | options), encoding="utf-8")
    return run


@pytest.mark.parametrize(
    "options",
    [
        {"encoder": "marked:Encoder"},
        {"decoder": "marked:Encoder"},
        {"objective": "marked:Encoder"},
        {"loss": "marked:Encoder"},
        {"prior": "marked:Encoder"},
        {"discriminator": "marked:Encoder"},
        {"constraint": ["marked:Encoder=2"]},
        {"constraint": {"marked:Encoder": 2}},
        {"transform": ["ptrel=log+marked:Encoder"]},
        {"transform": {"ptrel": "log+marked:Encoder"}},
        {"transform": "ptrel=log+marked:Encoder"},
        {"monitor": ["w1m", "marked:Encoder"]},
        {"monitor": "w1m,marked:Encoder"},
        {"encoder": "os:system"},
    ],
    ids=str,
)
def test_a_received_run_has_no_module_imported(marked, tmp_path, options):
    run = received_run(tmp_path, **options)
    with pytest.raises(InputError, match="not an installed component") as shown:
        run.read_config()
    assert str(shown.value).startswith(str(run.config_file)) and "\n" not in str(shown.value)
    assert not marked.exists()


def test_the_user_can_allow_a_module(marked, tmp_path, capsys):
    run = received_run(tmp_path, encoder="marked:Encoder")
    assert main(["generate", str(run.path)]) == 2
    assert "--plugin marked" in capsys.readouterr().err
    assert not marked.exists()
    assert main(["generate", str(run.path), "--plugin", "marked"]) == 2
    assert "expected a finished training" in capsys.readouterr().err
    assert marked.exists()


def test_a_file_of_options_allows_nothing(marked, tmp_path, capsys):
    path = tmp_path / "options.yaml"
    path.write_text("encoder: marked:Encoder\n", encoding="utf-8")
    data = ["--data", str(tmp_path / "absent.h5")]
    assert main(["train", *data, "--config", str(path)]) == 2
    assert "--plugin marked" in capsys.readouterr().err
    path.write_text("encoder: marked:Encoder\nplugin: [marked]\n", encoding="utf-8")
    assert main(["train", *data, "--config", str(path)]) == 2
    assert "--plugin: expected on the command line only" in capsys.readouterr().err
    assert not marked.exists()
    assert main(["train", *data, "--encoder", "marked:Encoder"]) == 2
    assert "absent.h5" in capsys.readouterr().err
    assert marked.exists()


def test_a_sweep_and_a_study_allow_nothing(marked, tmp_path):
    sweep = tmp_path / "sweep.yaml"
    text = "base: {}\nsearch: {encoder: {choices: ['marked:Encoder']}}\nmetric: validation_total\n"
    sweep.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="not an installed component"):
        read_sweep(sweep).config({"encoder": "marked:Encoder"}, "run")
    study = {"title": "", "question": "", "source": "", "settings": {"full": {}, "quick": {}}}
    for step in (
        "train --run {folder}/a --encoder marked:Encoder",
        "train --run a --plugin=marked",
    ):
        text = yaml.safe_dump({**study, "steps": [step]})
        (tmp_path / "study.yaml").write_text(text, encoding="utf-8")
        with pytest.raises(InputError, match="expected installed components"):
            define(tmp_path, tmp_path / "out", quick=True)
    assert not marked.exists()


def test_a_missing_package_is_named(tmp_path, modules):
    run = received_run(tmp_path, encoder="pooled")
    noted = {"name": "pooled", "package": "jetgen-example", "version": "1.2"}
    run.environment_file.write_text(
        json.dumps({"command": [], "components": [noted], "data": {}, "libraries": {}}),
        encoding="utf-8",
    )
    with pytest.raises(InputError, match=r"'pooled' of the package jetgen-example 1\.2; pip"):
        run.read_config()


def test_broken_and_ambiguous_packages_are_named(installed, modules, tmp_path):
    second = tmp_path / "second"
    about = second / "other_jets-2.0.dist-info"
    about.mkdir(parents=True)
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: other-jets\nVersion: 2.0\n")
    (about / "entry_points.txt").write_text(
        "[jetgen.encoders]\npooled = nothing:Here\nbroken = nothing:Here\ndeepsets = nothing:Here\n"
        "text = json:dumps\n"
    )
    modules.syspath_prepend(str(second))
    registry._installed.cache_clear()
    with pytest.raises(InputError, match=r"'broken' of the package other-jets 2\.0: .*ModuleNotF"):
        ENCODERS["broken"]
    with pytest.raises(InputError, match="expected one package with it, found"):
        ENCODERS["pooled"]
    with pytest.raises(InputError, match="which is none"):
        ENCODERS["text"]
    assert ENCODERS["deepsets"].__module__ == "jetgen.networks.deepsets"
    assert ENCODERS["jetgen_example.encoder:PooledEncoder"].__name__ == "PooledEncoder"


def test_a_metric_of_sets_is_a_row_of_tables_and_one_of_jets_is_refused(
    installed, tmp_path, make_muons, capsys
):
    for name, seed in (("real", 1), ("made", 2)):
        jetgen.write(make_muons(60, seed=seed), tmp_path / f"{name}.h5")
    words = ["evaluate", str(tmp_path / "made.h5"), "--real", str(tmp_path / "real.h5")]
    assert main(words) == 0
    assert "difference of mean multiplicities" in " ".join(capsys.readouterr().out.split())
    assert main([*words, "--metric", "fpd"]) == 2
    assert "expected metrics of sets of named features" in capsys.readouterr().err
