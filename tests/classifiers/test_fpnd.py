"""Reference networks: trained, stored, read again; the published one from a package's files."""

import importlib.util
import json
import sys

import numpy as np
import pytest
import torch

from jetgen.classifiers import jet_classifier
from jetgen.classifiers.fpnd import fpnd, published_type
from jetgen.classifiers.published_reference import PublishedReference
from jetgen.classifiers.reference import Reference, train_reference
from jetgen.cli.main import main
from jetgen.cloud import Feature
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.errors import InputError
from jetgen.evaluation.checks import check
from jetgen.evaluation.metric_rows import fpnd_row
from jetgen.evaluation.resampling import resample
from jetgen.files.checkpoint import Checkpoint
from jetgen.metrics.fpd import frechet
from jetgen.metrics.samples import relative_particles
from jetgen.physics.fourvectors import JET_KINEMATICS, to_relative
from jetgen.physics.observables import MeasuredSets, measure


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(jet_classifier, "_EPOCHS", 10)
    monkeypatch.setattr(jet_classifier, "_BATCH", 50)


@pytest.fixture
def write(tmp_path, toy_jets):
    def written(name, *arguments, **options):
        jets = toy_jets(*arguments, **options)
        relative = to_relative(jets)
        placed = jets.with_conditions({f: relative.condition(f.name) for f in JET_KINEMATICS})
        with JetgenWriter(tmp_path / name, attributes={"command": "test"}, slots=8) as writer:
            writer.append(placed)
        return str(tmp_path / name)

    return written


def typed(jets, kind):
    return jets.with_conditions({Feature("type"): torch.full((len(jets),), float(kind))})


def test_a_reference_of_several_classes_learns_them_and_comes_back_from_its_file(
    toy_jets, quick, tmp_path
):
    kinds = [typed(toy_jets(300, k, width=w, slots=6), k) for k, w in ((0, 0.02), (2, 0.6))]
    jets = kinds[0].concatenate(kinds)
    reference = train_reference(jets, data="abc")
    assert reference.state["classes"] == ["gluon", "top"]
    assert reference.state["accuracy"] > 0.9 and reference.state["chance"] == 0.5
    reference.save(tmp_path / "r.safetensors")
    again = Reference.load(tmp_path / "r.safetensors")
    assert again.state == reference.state
    measured = measure(jets[:50])
    assert torch.equal(again.activations(measured), reference.activations(measured))
    assert reference.activations(measured).dtype == torch.float64
    held_out = again.held_out(600, "abc")
    assert held_out.sum() == 300 and again.held_out(700, "abc")[600:].all()
    assert again.held_out(600, "another file").all()


@pytest.mark.slow
def test_spoiled_copies_serve_where_there_is_one_class(toy_jets, quick):
    real = toy_jets(600, 1, slots=6)
    reference = train_reference(real)
    assert reference.state["classes"] == ["real", "independent particles", "smeared particles"]
    assert reference.state["task"] == "spoiled copies"
    fresh, rows = real[reference.held_out(600, None)], {}
    for name, sample in (
        ("same", toy_jets(300, 2, slots=6)),
        ("wide", toy_jets(300, 3, width=0.8, slots=6)),
    ):
        drawn = resample(check(fresh, {"generated": sample}), replicas=20, seed=1)
        rows[name] = fpnd_row(drawn, reference.activations)
    assert rows["same"].distances["generated"].spreads < 6
    assert rows["wide"].distances["generated"].value > 5 * rows["wide"].floor


def test_the_command_trains_stores_and_reads_a_reference(write, quick, capsys, tmp_path):
    real, generated = write("real.h5", 240, 1, slots=8), write("made.h5", 60, 2, slots=8)
    words = ["evaluate", generated, "--real", real]
    assert main([*words, "--train-reference"]) == 0
    first = json.loads((tmp_path / "made.metrics.json").read_text(encoding="utf-8"))
    stored = tmp_path / "real.reference.safetensors"
    assert first["reference"]["path"] == str(stored) and len(first["reference"]["sha256"]) == 64
    assert main([*words, "--train-reference"]) == 2
    assert "expected a new file for the reference network" in capsys.readouterr().err
    assert main([*words, "--reference", str(stored)]) == 0
    again = json.loads((tmp_path / "made.metrics.json").read_text(encoding="utf-8"))
    assert "fpnd" in [row["metric"] for row in again["rows"]]
    assert again["rows"] == first["rows"] and again["reference"] == first["reference"]


def test_a_foreign_or_missing_file_is_refused(tmp_path, toy_jets):
    with pytest.raises(InputError, match="found no such file; make one with train_reference=True"):
        Reference.load(tmp_path / "absent")
    Checkpoint({"x": torch.zeros(1)}, {"finished": True}).save(tmp_path / "other")
    with pytest.raises(InputError, match="found another checkpoint of jetgen"):
        Reference.load(tmp_path / "other")
    with pytest.raises(InputError, match="at least 200 real jets, received 150"):
        train_reference(toy_jets(150, 1))


@pytest.fixture
def jetnet_package(tmp_path, monkeypatch, particlenet_weights):
    """A package of that name with files of that form, random weights and moments."""
    folder = tmp_path / "jetnet" / "evaluation" / "fpnd_resources" / "jetnet" / "30_particles"
    folder.mkdir(parents=True)
    (tmp_path / "jetnet" / "__init__.py").write_text("raise RuntimeError('not to be imported')")
    torch.save(particlenet_weights(1), folder / "pnet_state_dict.pt")
    monkeypatch.syspath_prepend(tmp_path)
    return folder


@pytest.mark.slow
def test_the_published_distance_is_to_the_stored_moments(jetnet_package, toy_jets):
    real, generated = (toy_jets(258, seed, slots=30) for seed in (1, 2))
    network = PublishedReference()
    x, y = (network.activations(MeasuredSets(relative_particles(j), {})) for j in (real, generated))
    np.savetxt(jetnet_package / "g_mu.txt", x.mean(0).numpy())
    np.savetxt(jetnet_package / "g_sigma.txt", np.cov(x.numpy(), rowvar=False))
    ones = torch.ones(258, dtype=torch.float64)
    found = fpnd(generated, "gluon", network)
    assert found == pytest.approx(frechet(x, y, ones, ones).item(), rel=1e-6)
    assert "jetnet" not in sys.modules
    with pytest.raises(InputError, match="expected a file of the jetnet package"):
        fpnd(generated, "top", network)
    with pytest.raises(InputError, match="more than 256 generated jets, received 200"):
        fpnd(generated[:200], "gluon", network)


def test_without_the_package_it_says_what_to_do(write, capsys):
    if importlib.util.find_spec("jetnet") is not None:
        pytest.skip("jetnet is installed")
    real = write("real.h5", 60, 1, slots=8)
    assert main(["evaluate", real, "--real", real, "--reference", "jetnet"]) == 2
    assert "expected the jetnet package" in capsys.readouterr().err


def test_moments_are_published_for_one_known_class(toy_jets):
    jets = toy_jets(10, 1)
    assert published_type(typed(jets, 2)) == "top"
    for wrong in (jets, typed(jets, 3), typed(jets, -1)):
        with pytest.raises(InputError, match="one class among gluon, quark, top"):
            published_type(wrong)
