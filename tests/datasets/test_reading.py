from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from jetgen.cloud import ParticleCloud
from jetgen.datasets import iter_chunks, read
from jetgen.datasets.detection import open_source
from jetgen.datasets.formats.hls4ml_hdf5 import Hls4mlSource
from jetgen.datasets.formats.jetnet_hdf5 import JetNetSource
from jetgen.errors import InputError


class SourceDataset(torch.utils.data.Dataset):
    """One jet an item, from a source that was in use before it went to the worker."""

    def __init__(self, path: Path) -> None:
        self.source = open_source(path)
        self.source.read(0, 1)

    def __len__(self) -> int:
        return len(self.source)

    def __getitem__(self, index: int) -> torch.Tensor:
        return self.source.read(index, index + 1).particles[0]


@pytest.mark.parametrize("context", ["spawn", "fork"])
@pytest.mark.slow
def test_sources_serve_worker_processes(
    context: str, jetnet_file, hls4ml_file, energyflow_file
) -> None:
    files = [jetnet_file(), hls4ml_file(slots=30), energyflow_file(slots=30)]
    loader = torch.utils.data.DataLoader(
        torch.utils.data.ConcatDataset([SourceDataset(path) for path in files]),
        batch_size=None,
        num_workers=1,
        multiprocessing_context=context,
    )
    items = list(loader)
    expected = [jet for path in files for jet in read(path).particles]
    assert len(items) == len(expected) == 37
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(items, expected, strict=True))


def test_chunks_have_the_size_asked_for_across_files(jetnet_file) -> None:
    files = [jetnet_file(f"{i}.hdf5", jets=n, seed=i) for i, n in enumerate((7, 12, 4))]
    chunks = list(iter_chunks(files, chunk=5))
    assert [len(chunk) for chunk in chunks] == [5, 5, 5, 5, 3]
    joined = ParticleCloud.concatenate(chunks)
    whole = read(files)
    assert torch.equal(joined.particles, whole.particles)
    assert torch.equal(joined.conditions, whole.conditions)
    assert len(read(files, jets=1000)) == 23


def test_some_jets_are_drawn_at_random_by_seed_in_proportion(jetnet_file) -> None:
    files = [jetnet_file(f"{i}.hdf5", jets=n, seed=i) for i, n in enumerate((80, 120, 40))]
    held = {jet.numpy().tobytes(): k for k, jet in enumerate(read(files).particles)}

    def chosen(**options: int) -> list[int]:
        return [held[jet.numpy().tobytes()] for jet in read(files, jets=60, **options).particles]

    some = chosen()
    assert some == sorted(set(some)) == chosen(seed=1) != chosen(seed=2)
    bounds = ((0, 80), (80, 200), (200, 240))
    assert [sum(low <= k < high for k in some) for low, high in bounds] == [
        20, 30, 10,
    ]  # fmt: skip
    assert some[:20] != list(range(20))
    assert len(read(files, jets=1000)) == 240


def test_the_first_jets_of_several_files_in_proportion(jetnet_file) -> None:
    files = [jetnet_file(f"{i}.hdf5", jets=n, seed=i) for i, n in enumerate((8, 12, 4))]
    whole = read(files).particles
    some = read(files, jets=12, first=True).particles
    assert torch.equal(some, whole[[0, 1, 2, 3, 8, 9, 10, 11, 12, 13, 20, 21]])
    for number in range(1, 25):
        assert len(read(files, jets=number)) == number


def test_chunks_of_one_class(hls4ml_file) -> None:
    path = hls4ml_file(labels="gtggtgtttg")
    expected = read(path)[[0, 2, 3, 5, 9]]
    for chunk in (1, 2, 3, 100):
        clouds = list(iter_chunks(path, chunk=chunk, jet_type="gluon"))
        assert all(len(cloud) == chunk for cloud in clouds[:-1])
        assert torch.equal(ParticleCloud.concatenate(clouds).particles, expected.particles)
    assert torch.equal(
        read(path, jet_type="g", jets=3, first=True).particles, expected.particles[:3]
    )


def test_the_first_jets_are_read_without_the_others(jetnet_file, hls4ml_file, monkeypatch) -> None:
    furthest = 0
    for kind in (JetNetSource, Hls4mlSource):
        plain = kind.read

        def spy(self, start, stop, plain=plain):
            nonlocal furthest
            furthest = max(furthest, stop)
            return plain(self, start, stop)

        monkeypatch.setattr(kind, "read", spy)
    read(jetnet_file(), jets=3, first=True)
    assert furthest == 3
    read(hls4ml_file(labels="qqggqqqqqqqq"), jet_type="g", jets=1, first=True)
    assert furthest == 3


@pytest.mark.parametrize("maker", ["jetnet_file", "hls4ml_file", "energyflow_file"])
def test_the_leading_particles_by_pt(maker: str, request) -> None:
    path = request.getfixturevalue(maker)()
    whole, cut = read(path), read(path, particles=5)
    assert cut.mask.shape[1] == 5
    assert torch.equal(cut.condition("num_particles"), whole.multiplicity.clamp(max=5).float())
    pt = (
        whole.feature("ptrel")
        if maker == "jetnet_file"
        else whole.particles[..., :2].double().norm(dim=-1).float()
    )
    kept = (
        cut.feature("ptrel")
        if maker == "jetnet_file"
        else cut.particles[..., :2].double().norm(dim=-1).float()
    )
    assert torch.allclose(kept, pt.sort(dim=1, descending=True).values[:, :5])
    padded = read(path, particles=200)
    assert padded.mask.shape[1] == 200
    assert torch.equal(padded.multiplicity, whole.multiplicity)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_nan_in_particles_is_counted_and_located(jetnet_file, bad: float) -> None:
    path = jetnet_file()
    with h5py.File(path, "a") as file:
        file["particle_features"][13, 0, 1] = bad
        file["particle_features"][17, 0, 2] = bad
    with pytest.raises(InputError, match=r"infinity in 2 particles, first in jet 13;"):
        read(path)
    assert len(read(path, jets=13, first=True)) == 13
    with pytest.raises(InputError, match=r"first in jet 13;"):
        list(iter_chunks(path, chunk=4))


def test_nan_in_padding_is_no_particle(jetnet_file) -> None:
    path = jetnet_file()
    expected = read(path).particles
    with h5py.File(path, "a") as file:
        values = file["particle_features"][:]
        values[..., :3][values[..., 3] == 0] = np.nan
        file["particle_features"][:] = values
    assert torch.equal(read(path).particles, expected)


def test_files_that_do_not_go_together(jetnet_file, hls4ml_file) -> None:
    with pytest.raises(InputError, match=r"expected etarel, .* as in .*g\.hdf5, received px,"):
        read([jetnet_file(), hls4ml_file()])


@pytest.mark.parametrize("options", [{"jets": 0}, {"particles": -1}, {"chunk": 0}])
def test_numbers_must_be_positive(jetnet_file, options: dict[str, int]) -> None:
    with pytest.raises(InputError, match="expected a positive number"):
        iter_chunks(jetnet_file(), **options)


@pytest.mark.parametrize("reader", [read, iter_chunks])
def test_an_unknown_option_is_named(jetnet_file, reader) -> None:
    with pytest.raises(InputError, match=r"received jet_typ; did you mean 'jet_type'"):
        reader(jetnet_file(), jet_typ="gluon")


def test_an_unknown_class_lists_the_known(jetnet_file) -> None:
    with pytest.raises(InputError, match="expected one of gluon, quark, top, w, z"):
        read(jetnet_file(), jet_type="higgs")


@pytest.mark.slow
def test_importing_the_readers_loads_no_simulation() -> None:
    script = (
        "import sys, jetgen.datasets; print({'pythia8mc', 'fastjet', 'rich'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "set()"


def test_columns_of_jets_make_each_jet_a_set_of_one(jetnet_file, hls4ml_file) -> None:
    for path in (jetnet_file(), hls4ml_file()):
        jets, items = read(path), read(path, columns=["mass", "pt"])
        assert [f.name for f in items.features] == ["mass", "pt"]
        assert items.particles.shape == (len(jets), 1, 2) and items.mask.all()
        for name in ("mass", "pt"):
            assert torch.equal(items.feature(name)[:, 0], jets.condition(name))
        left = [f for f in jets.condition_features if f.name not in ("mass", "pt")]
        assert list(items.condition_features) == left
        assert torch.equal(items.condition("num_particles"), jets.condition("num_particles"))
    with pytest.raises(InputError, match="'pt': expected one of"):
        read(jetnet_file(), columns=["pt", "etarel"])
