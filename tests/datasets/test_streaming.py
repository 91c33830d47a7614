"""Jets that stay in their files: the same as in memory, well shuffled, read by processes."""

import multiprocessing
import pickle
from pathlib import Path

import awkward as ak
import numpy as np
import pyarrow
import pytest
import torch
import uproot
from pyarrow import parquet
from torch import distributed

from jetgen.cloud import Feature, ParticleCloud
from jetgen.components import TRANSFORMS
from jetgen.config.train import TrainConfig
from jetgen.datasets import streaming
from jetgen.datasets.formats.cloud_hdf5 import CloudWriter
from jetgen.datasets.loading import HeldJets
from jetgen.datasets.selection import Selection
from jetgen.datasets.streamed_median import StreamedMedian
from jetgen.datasets.streaming import StreamedJets
from jetgen.errors import InputError
from jetgen.runs.data import training_jets
from jetgen.runs.folder import RunFolder
from jetgen.runs.trained_model import load
from jetgen.training.command import train

FEATURES = (Feature("x"), Feature("y"))


def numbered_sets(number, first=0, weights=None):
    """Sets of one to six items whose condition is their number."""
    generator = torch.Generator().manual_seed(number)
    counts = torch.randint(1, 7, (number,), generator=generator)
    mask = torch.arange(6) < counts.unsqueeze(1)
    items = torch.randn(number, 6, 2, generator=generator)
    names = {Feature("number"): first + torch.arange(number).float()}
    return ParticleCloud(items, mask, FEATURES, weights=weights).with_conditions(names)


def write(cloud, path):
    lists = {f.name: ak.unflatten(cloud.feature(f.name)[cloud.mask].numpy(), counts)
             for f in FEATURES if (counts := cloud.multiplicity.numpy()) is not None}  # fmt: skip
    lists["number"] = ak.Array(cloud.condition("number").numpy())
    if path.suffix == ".root":
        with uproot.recreate(path) as file:
            kinds = {name: "float32" if name == "number" else "var * float32" for name in lists}
            file.mktree("sets", kinds)
            file["sets"].extend(lists)
    elif path.suffix == ".parquet":
        columns = {name: ak.to_arrow(part, extensionarray=False) for name, part in lists.items()}
        parquet.write_table(pyarrow.table(columns), path, row_group_size=64)
    else:
        options = {"slots": 6, "attributes": {}}
        with CloudWriter(path, FEATURES, cloud.condition_features, **options) as writer:
            writer.append(cloud)
    return path


def as_it_is(cloud, first=0):
    return cloud


def streamed(paths, workers=0, seed=3):
    return StreamedJets(Selection(paths), as_it_is, seed, workers)


@pytest.fixture
def many(tmp_path, monkeypatch):
    """2,000 numbered sets in two files, in blocks of 16 and pools of 500."""
    monkeypatch.setattr(streaming, "BLOCK", (16, 16))
    monkeypatch.setattr(streaming, "POOL", 500)
    return [
        write(numbered_sets(1500), tmp_path / "a.h5"),
        write(numbered_sets(500, first=1500), tmp_path / "b.h5"),
    ]


def epoch(jets, seed=0, weighted=False, size=32):
    generator = torch.Generator().manual_seed(seed)
    return [batch.condition("number") for batch in jets.batches(size, generator, weighted)]


@pytest.mark.parametrize("suffix", [".h5", ".root", ".parquet"])
def test_streamed_sets_of_one_pool_are_those_in_memory_in_the_same_order(tmp_path, suffix):
    paths = [
        write(numbered_sets(number, first), tmp_path / f"{first}{suffix}")
        for number, first in ((250, 0), (150, 250))
    ]
    jets = streamed(paths)
    held = HeldJets(Selection(paths).all(), seed=3)
    assert jets.sizes == held.sizes
    for found, expected in (
        (jets.validation, held.validation),
        (jets.sample(), held.sample()),
        *zip(jets.chunks(), held.chunks(), strict=True),
        *(
            zip(*(j.batches(32, torch.Generator().manual_seed(5), False) for j in (jets, held)),
                strict=True)
        ),
    ):  # fmt: skip
        assert found.features == expected.features
        for name in ("particles", "mask", "conditions", "weights"):
            assert torch.equal(getattr(found, name), getattr(expected, name))


def test_an_epoch_holds_every_training_set_once_in_an_order_of_its_seed(many):
    jets = streamed(many)
    first = torch.cat(epoch(jets))
    held = HeldJets(Selection(many).all(), seed=3)
    assert torch.equal(first.sort().values, held.sample().condition("number").sort().values)
    assert torch.equal(first, torch.cat(epoch(jets)))
    assert not torch.equal(first, torch.cat(epoch(jets, seed=1)))


def test_neighbours_in_a_file_are_no_neighbours_in_a_batch(many):
    """The autocorrelation of the place in the files, and neighbours in a batch, are at noise."""
    jets = streamed(many)
    places = torch.cat([batch for seed in range(3) for batch in epoch(jets, seed)]).double()
    places = (places - places.mean()) / places.std()
    for lag in (1, 2, 5, 16):
        correlation = float((places[lag:] * places[:-lag]).mean())
        assert abs(correlation) < 4 / len(places) ** 0.5 + 16 / 500  # blocks of a pool
    blocks = [(batch // 16).unique(return_counts=True)[1].max() for batch in epoch(jets)]
    assert max(blocks) <= 6


def read_in_process(index, paths, rendezvous, results):
    """An epoch of one of two processes, with the number of sets that it has read itself."""
    distributed.init_process_group("gloo", f"file://{rendezvous}", rank=index, world_size=2)
    streaming.BLOCK, streaming.POOL = (16, 16), 500
    jets = streamed(paths)
    read, decode = [], jets._decode.cloud

    def counted(request):
        read.append(len(request.numbers))
        return decode(request)

    jets._decode.cloud = counted
    results.put(([batch.tolist() for batch in epoch(jets)], sum(read)))
    distributed.destroy_process_group()


@pytest.mark.slow
@pytest.mark.recorded
def test_processes_read_a_part_each_and_train_on_the_same_batches(many):
    context = multiprocessing.get_context("spawn")
    results, rendezvous = context.Queue(), many[0].with_name("rendezvous")
    processes = [
        context.Process(target=read_in_process, args=(k, many, rendezvous, results), daemon=True)
        for k in range(2)
    ]
    for process in processes:
        process.start()
    found = [results.get(timeout=300) for _ in processes]
    expected = [batch.tolist() for batch in epoch(streamed(many))]
    for sets, read in found:
        assert sets == expected
        assert 0.3 * sum(map(len, expected)) < read < 0.7 * sum(map(len, expected))


def test_sets_are_drawn_by_weight_from_all_files(tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "POOL", 100)
    monkeypatch.setattr(streaming, "BLOCK", (16, 16))
    heavy = numbered_sets(500, 500, weights=torch.full((500,), 3.0))
    paths = [write(numbered_sets(500), tmp_path / "a.h5"), write(heavy, tmp_path / "b.h5")]
    jets = streamed(paths)
    numbers = torch.cat([torch.cat(epoch(jets, seed, weighted=True)) for seed in range(3)])
    assert jets.weighted
    assert jets.weight == 2000
    assert len(numbers) == pytest.approx(3 * jets.sizes["training"], rel=0.02)
    assert float((numbers >= 500).double().mean()) == pytest.approx(0.75, abs=0.05)


@pytest.mark.slow
def test_worker_processes_hand_out_the_same_and_hold_no_data(many):
    jets = streamed(many, workers=1)
    assert len(pickle.dumps(jets._decode)) < 4000
    expected = epoch(streamed(many))
    for _ in range(2):  # the processes serve the next epoch too
        found = epoch(jets)
        assert all(map(torch.equal, found, expected))
    decoder = pickle.loads(pickle.dumps(jets._decode))
    Path(many[1]).unlink()  # what goes wrong in a process is sent as its one line
    request = streaming.Request(1, np.arange(3), np.arange(3))
    assert isinstance(decoder[request], InputError)


@pytest.mark.parametrize("name", TRANSFORMS.builtin)
def test_a_step_fitted_in_pieces_is_the_one_fitted_at_once(name):
    values = torch.randn(5000, generator=torch.Generator().manual_seed(1)).double().square()
    whole, pieces = TRANSFORMS[name](), TRANSFORMS[name]()
    whole.fit(values)
    done = False
    while not done:
        for piece in values.split(777):
            pieces.add(piece)
        done = pieces.finish()
    for one, other in zip(whole.buffers(), pieces.buffers(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-14, atol=0)


@pytest.mark.parametrize("shift", [-5.0, 0.0, 5.0])
def test_the_streamed_median_is_exact(shift, monkeypatch):
    monkeypatch.setattr("jetgen.datasets.streamed_median._MOST", 10)
    random = np.random.default_rng(2)
    for number in (1, 12, 1001):
        values = torch.from_numpy(random.normal(size=number).round(2) + shift)
        median = StreamedMedian()
        passes = 0
        while not passes or not median.finish():
            for piece in values.split(100):
                median.add(piece)
            passes += 1
        assert median.value == float(values.median())
        assert passes <= 4


SMALL = {"particles": 12, "hidden": 8, "layers": 1, "latent": 4, "device": "cpu", "epochs": 3,
         "prior_epochs": 2, "flow_transforms": 1, "flow_hidden": 8}  # fmt: skip


@pytest.mark.slow
def test_a_streamed_training_resumes_to_the_same_numbers(
    tmp_path, monkeypatch, gaussian_file, trained_and_resumed
):
    monkeypatch.setattr(streaming, "BLOCK", (16, 16))
    monkeypatch.setattr(streaming, "POOL", 100)
    config = TrainConfig(
        data=[str(gaussian_file)], run=str(tmp_path / "run"), streamed=True, **SMALL
    )
    run = RunFolder(trained_and_resumed(config, 2))
    assert run.read_config().streamed


def test_a_training_on_one_pool_is_that_in_memory(tmp_path, monkeypatch, gaussian_file, same_runs):
    runs = [
        train(TrainConfig(data=[str(gaussian_file)], run=str(tmp_path / name), streamed=streamed,
                          transform=["etarel=signed-sqrt", "phirel=asinh+standardise",
                                     "ptrel=centred-asinh"], **SMALL))
        for name, streamed in (("held", False), ("streamed", True))
    ]  # fmt: skip
    same_runs(*runs)
    held, streamed = map(load, runs)
    expected = held.held_out(most=20), held.training_sample()[:50]
    monkeypatch.setattr("jetgen.runs.finished_run.SAMPLE", 50)
    monkeypatch.setattr("jetgen.runs.finished_run.load_jets", None)  # reads all jets
    monkeypatch.setattr("jetgen.runs.data.load_jets", None)
    for one, other in zip(
        expected, (streamed.held_out(most=20), streamed.training_sample()), strict=True
    ):
        assert torch.equal(one.particles, other.particles)
        assert torch.equal(one.conditions, other.conditions)


def test_large_data_are_streamed_by_default_and_others_where_they_can_be(
    tmp_path, monkeypatch, gaussian_file
):
    config = TrainConfig(data=[str(gaussian_file)])
    assert isinstance(training_jets(config), HeldJets)
    monkeypatch.setattr("jetgen.runs.data.STREAMED", 1000)
    assert isinstance(training_jets(config), StreamedJets)
    table = tmp_path / "t.csv"
    table.write_text("a,b\n" + "\n".join(f"{k},{k * k % 7}" for k in range(200)))
    asked = {"data": [str(table)], "columns": ("a", "b")}
    assert isinstance(training_jets(TrainConfig(**asked)), HeldJets)
    with pytest.raises(InputError, match=r"can be read in parts \(HDF5, ROOT, Parquet\)"):
        training_jets(TrainConfig(**asked, streamed=True))
