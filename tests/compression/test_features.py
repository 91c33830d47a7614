"""Sets of named features compressed and decompressed: muons, di-jets, four-momenta of jets."""

import pytest
import torch

import jetgen
from jetgen.cli.main import main
from jetgen.cloud import Feature, ParticleCloud
from jetgen.compression import coding
from jetgen.compression.command import compress, decompress
from jetgen.config.compress import CompressConfig
from jetgen.config.decompress import DecompressConfig
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.writing import set_writer
from jetgen.errors import InputError
from jetgen.physics.fourvectors import to_relative
from jetgen.training.command import train

ITEM = (Feature("pt", "GeV"), Feature("charge"), Feature("hits"))
SMALL = preset("classic") | {
    "representation": "features",
    "objective": "wae",
    "encoder": "dense",
    "decoder": "dense",
    "hidden": 8,
    "layers": 1,
    "latent": 2,
    "epochs": 1,
    "device": "cpu",
}


def items(number: int, slots: int) -> ParticleCloud:
    """Sets of up to ``slots`` items, two features of which are whole numbers."""
    generator = torch.Generator().manual_seed(1)
    uniform = torch.rand((number, slots, 3), generator=generator)
    charge, hits = 2 * (uniform[..., 1] < 0.5) - 1, (1000 * uniform[..., 2]).round()
    values = torch.stack([50 + 100 * uniform[..., 0], charge.float(), hits], dim=2)
    mask = torch.arange(slots) <= torch.randint(slots, (number, 1), generator=generator)
    cloud = ParticleCloud(values, mask, ITEM, weights=uniform[:, 0, 0])
    kind = (uniform[:, 0, 1] < 0.3).float()
    return cloud.with_conditions({Feature("type"): kind, Feature("z", "mm"): uniform[:, 0, 2]})


@pytest.fixture
def through(tmp_path, monkeypatch):
    """Sets written, trained on, compressed in frames of 80 and decompressed."""

    def run(cloud, suffix, *, errors=(), **options):
        slots = cloud.mask.shape[1]
        monkeypatch.setattr(coding, "ITEMS_PER_FRAME", 80 * slots)
        path, packed = tmp_path / f"sets{suffix}", str(tmp_path / "sets.jgz")
        with set_writer(
            path, cloud.features, cloud.condition_features, slots=slots, attributes={}
        ) as append:
            append(cloud)
        run = train(
            TrainConfig(data=[str(path)], run=str(tmp_path / "run"), **{**SMALL, **options})
        )
        done = compress(CompressConfig(str(path), packed, str(run), max_error=list(errors)))
        back = decompress(DecompressConfig(packed, str(tmp_path / f"back{suffix}"), str(run)))
        return done, jetgen.read(back, conditions=["type", "z"])

    return run


@pytest.mark.parametrize(("slots", "suffix"), [(1, ".csv"), (1, ".root"), (3, ".root"), (3, ".h5")])
def test_every_feature_comes_back_within_its_error(through, slots, suffix):
    cloud = items(200, slots)
    columns = ("pt", "charge", "hits")
    options = {"columns": columns, "condition": ["type"], "target": "z"}
    done, back = through(cloud, suffix, errors=["0.25", "hits=2.5"], **options)
    assert done.jets == 200 and done.particles == int(cloud.multiplicity.sum())
    assert torch.equal(back.multiplicity, cloud.multiplicity)
    assert back.features == ITEM
    torch.testing.assert_close(back.weights, cloud.weights)
    for name in ("type", "z"):
        torch.testing.assert_close(back.condition(name), cloud.condition(name))
    for name, error in (("pt", 0.25), ("charge", 0.0), ("hits", 2.0)):
        # sorted, two lists are as near as their best matching
        before, after = (
            c.feature(name).double().masked_fill(~c.mask, torch.inf).sort(1).values
            for c in (cloud, back)
        )
        largest = (after - before).nan_to_num(0.0).abs().max()
        assert 0.8 * error <= largest <= error + 1e-4
        if name != "pt":  # whole numbers stay such
            assert torch.equal(back.feature(name), back.feature(name).round())


def test_codes_alone_keep_conditions_and_weights(through):
    cloud = items(200, 1)
    done, back = through(cloud, ".h5", columns=("pt", "hits"), target="z")
    assert [f.name for f in back.features] == ["pt", "hits"]
    for name in ("z", "type"):
        assert torch.equal(back.condition(name), cloud.condition(name))
    assert torch.equal(back.weights, cloud.weights)
    assert [f.name for f in done.features] == ["pt", "hits"]
    assert done.ratio == pytest.approx(4 * 2 * 200 / done.size)


def test_four_momenta_of_jets_are_stored_as_three_numbers(tmp_path, toy_jets, capsys):
    jets = toy_jets(300, seed=1)
    measured = to_relative(jets)
    names = measured.condition_features
    path = str(tmp_path / "jets.h5")
    with JetgenWriter(path, attributes={}, slots=30) as writer:
        writer.append(jets.with_conditions({f: measured.condition(f.name) for f in names}))
    run, packed, out = (str(tmp_path / name) for name in ("run", "jets.jgz", "back.root"))
    words = ["--latent", "3", "--epochs", "1", "--encoder", "dense", "--decoder", "dense"]
    columns = ["--columns", "pt,eta,phi,mass", "--device", "cpu", "--threads", "1"]
    assert main(["train", "--data", path, "--run", run, *columns, *words]) == 0
    errors = ["--max-error", "0.01", "--max-error", "pt=0.5", "mass=0.1"]
    assert main(["compress", path, packed, "--run", run, *errors]) == 0
    assert "times less than pt, eta, phi, mass in single precision" in capsys.readouterr().out
    assert main(["decompress", packed, out, "--run", run]) == 0
    back = jetgen.read(out, columns=["pt", "eta", "phi", "mass"])
    for name, error in (("pt", 0.5), ("eta", 0.01), ("phi", 0.01), ("mass", 0.1)):
        difference = (back.feature(name)[:, 0] - measured.condition(name)).abs().max()
        assert 0.5 * error < difference < error + 1e-4
    assert main(["compress", path, packed, "--run", run, "--overwrite", "--max-error", "p=1"]) == 2
    assert "expected an error for each of pt, eta, phi, mass" in capsys.readouterr().err


@pytest.mark.parametrize("texts", [["0"], ["pt="], ["nan"], ["1", "2"], ["pt=1", "pt=2"], ["-1"]])
def test_errors_of_another_form_are_refused(texts):
    with pytest.raises(InputError, match="max_error: expected a positive number or NAME=ERROR"):
        CompressConfig("a", "b", "c", max_error=texts)


def test_a_feature_without_an_error_is_named():
    config = CompressConfig("a", "b", "c", max_error=["pt=1"])
    assert config.errors(["pt"]) == {"pt": 1.0}
    with pytest.raises(InputError, match="an error for each of pt, mass"):
        config.errors(["pt", "mass"])
