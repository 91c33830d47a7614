"""Jets compressed and decompressed: within the stated error, and with the right model only."""

import pytest
import torch

import jetgen
from jetgen.cli.main import main
from jetgen.compression import coding
from jetgen.compression.command import compress, decompress
from jetgen.config.compress import CompressConfig
from jetgen.config.decompress import DecompressConfig
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.errors import InputError
from jetgen.objectives.preparation import represent
from jetgen.physics.fourvectors import to_relative
from jetgen.training.command import train

SMALL = preset("classic") | {
    "particles": 30,
    "objective": "wae",
    "hidden": 8,
    "layers": 1,
    "latent": 3,
    "epochs": 1,
    "batch": 256,
    "decoder": "dense",
    "encoder": "dense",
    "device": "cpu",
}


@pytest.fixture(scope="module")
def file(tmp_path_factory, toy_jets):
    """200 jets of at most 30 particles."""
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    jets = toy_jets(200, seed=1)
    measured = to_relative(jets)
    names = measured.condition_features
    with JetgenWriter(path, attributes={}, slots=30) as writer:
        writer.append(jets.with_conditions({f: measured.condition(f.name) for f in names}))
    return path


@pytest.fixture(scope="module")
def trained(tmp_path_factory, file):
    """Runs by their options, each trained once."""
    folder, runs = tmp_path_factory.mktemp("runs"), {}

    def run(**options):
        name = "-".join(map(str, options.values())) or "run"
        if name not in runs:
            where = str(folder / name)
            runs[name] = train(TrainConfig(data=[str(file)], run=where, **{**SMALL, **options}))
        return runs[name]

    return run


@pytest.fixture
def back(tmp_path, file, monkeypatch):
    """The jets of the file, compressed and decompressed, in frames of 80."""
    monkeypatch.setattr(coding, "ITEMS_PER_FRAME", 80 * 30)

    def through(run, **options):
        packed, output = str(tmp_path / "jets.jgz"), str(tmp_path / "back.h5")
        done = compress(CompressConfig(str(file), packed, str(run), overwrite=True, **options))
        decompress(DecompressConfig(packed, output, str(run), overwrite=True))
        return done, jetgen.read(output)

    return through


@pytest.mark.parametrize("representation", ["relative", "cartesian"])
@pytest.mark.parametrize("error", [0.5, 0.001])
def test_particles_come_back_within_the_stated_error(trained, back, file, representation, error):
    done, jets = back(trained(representation=representation), max_error=[str(error)])
    original = jetgen.read(file)
    assert done.jets == 200 and done.particles == int(original.multiplicity.sum())
    assert torch.equal(jets.multiplicity, original.multiplicity)
    for name in ("px", "py", "pz"):  # sorted, two lists are as near as their best matching
        columns = [
            cloud.feature(name).double().masked_fill(~cloud.mask, torch.inf).sort(1).values
            for cloud in (jets, original)
        ]
        difference = (columns[0] - columns[1]).nan_to_num(0.0).abs().max()
        assert 0.1 * error < difference <= error + 1e-4


def test_codes_alone_keep_what_the_model_is_told(trained, back, file):
    done, jets = back(trained(), step=0.1)
    original = jetgen.read(file)
    assert done.ratio > 5 and done.dropped == 0
    for name in ("pt", "eta", "phi"):
        torch.testing.assert_close(
            jets.condition(name), original.condition(name), rtol=1e-4, atol=1e-4
        )
    for name in ("type", "num_particles"):
        assert torch.equal(jets.condition(name), original.condition(name))
    assert torch.equal(jets.weights, original.weights)


def test_a_finer_step_comes_nearer_to_the_reconstruction(trained, back, file):
    run = trained(representation="cartesian")
    model = jetgen.load(run)
    wanted = model.reconstruct(represent(jetgen.read(file), model.config)).particles.sum(1)
    sizes, spreads = [], []
    for step in (1.0, 0.001):
        done, jets = back(run, step=step)
        sizes.append(done.size)
        spreads.append(float((jets.particles[..., :3].sum(1) - wanted).std()))
    assert spreads[1] < 0.05 * spreads[0] and sizes[1] > sizes[0]


def test_the_wrong_model_is_refused(trained, tmp_path, file, capsys):
    packed, output = str(tmp_path / "jets.jgz"), tmp_path / "back.h5"
    right, wrong = str(trained()), str(trained(seed=2))
    assert main(["compress", str(file), packed, "--run", right]) == 0
    assert "200 jets" in capsys.readouterr().out
    assert main(["decompress", packed, str(output), "--run", wrong]) == 2
    assert "expected the model that" in capsys.readouterr().err
    assert not output.exists()
    assert main(["decompress", packed, str(output), "--run", right]) == 0


def test_what_cannot_be_is_refused(trained, tmp_path, file):
    def config(run, **options):
        return CompressConfig(str(file), str(tmp_path / "jets.jgz"), str(run), **options)

    few = trained(particles=5)
    with pytest.raises(InputError, match="max_error: expected jets of at most 5 particles"):
        compress(config(few, max_error=["0.1"]))
    assert not list(tmp_path.iterdir())
    done = compress(config(few))
    assert done.particles <= 5 * 200 and done.dropped > 0
    with pytest.raises(InputError, match="expected a new file"):
        compress(config(few))
    gan = trained(objective="gan", encoder="deepsets", decoder="deepsets")
    with pytest.raises(InputError, match="expected an autoencoder"):
        compress(config(gan, overwrite=True))
    with pytest.raises(InputError, match="step: expected a positive number"):
        config(few, step=0)


def test_damaged_and_cut_files_are_named(trained, tmp_path, file, monkeypatch):
    monkeypatch.setattr(coding, "ITEMS_PER_FRAME", 80 * 30)
    run, packed, output = str(trained()), tmp_path / "jets.jgz", tmp_path / "back.h5"
    compress(CompressConfig(str(file), str(packed), run))
    whole = packed.read_bytes()
    damaged = bytearray(whole)
    damaged[-200] ^= 255
    for content, message in (
        (whole[:-100], "incomplete"),
        (bytes(damaged), "damaged"),
        (b"PK" + whole, "jetgen compress"),
    ):
        packed.write_bytes(content)
        with pytest.raises(InputError, match=message):
            decompress(DecompressConfig(str(packed), str(output), run))
        assert list(tmp_path.iterdir()) == [packed]  # nor chunks of the sound frames


@pytest.fixture
def read(trained, tmp_path, file, monkeypatch):
    """A compressed file of three frames, and the function that reads what has become of it."""
    monkeypatch.setattr(coding, "ITEMS_PER_FRAME", 80 * 30)
    run, packed, output = str(trained()), tmp_path / "jets.jgz", tmp_path / "back.h5"
    compress(CompressConfig(str(file), str(packed), run))

    def look():
        try:
            decompress(DecompressConfig(str(packed), str(output), run, overwrite=True))
        finally:
            assert {path.name for path in tmp_path.iterdir()} <= {packed.name, output.name}

    return packed, look


@pytest.mark.slow
@pytest.mark.fuzz
def test_damaged_compressed_files_end_in_one_line(read, mutated, end_in_one_line):
    path, look = read
    look()
    end_in_one_line(path, mutated, look)
