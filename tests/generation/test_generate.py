"""Sets of several runs in one file, in the ratios of their weights, and sets of a region."""

import json
from functools import partial

import h5py
import numpy as np
import pytest
import torch
import uproot

import jetgen
from jetgen.cli.main import main
from jetgen.cloud import Feature, ParticleCloud
from jetgen.config.generate import GenerateConfig
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets.writing import set_writer
from jetgen.errors import InputError, InputWarning
from jetgen.generation.command import generate
from jetgen.generation.mixing import mixed
from jetgen.physics.classes import class_index
from jetgen.runs.trained_model import load
from jetgen.training.command import train

PROMPT, DISPLACED = "mu-plus-prompt", "mu-plus-displaced"
COLUMNS = {PROMPT: ("px", "py", "pz", "z"), DISPLACED: ("px", "py", "pz", "x", "y", "z")}
SMALL = preset("classic") | {
    "representation": "features",
    "encoder": "dense",
    "decoder": "dense",
    "hidden": 32,
    "layers": 1,
    "latent": 4,
    "epochs": 1,
    "batch": 64,
    "device": "cpu",
    "weighted": True,
}


@pytest.fixture(scope="module")
def data(tmp_path_factory, make_muons):
    cloud = make_muons(1500)
    path = tmp_path_factory.mktemp("data") / "muons.h5"
    with set_writer(
        path, cloud.features, cloud.condition_features, slots=1, attributes={}
    ) as append:
        append(cloud)
    return path


@pytest.fixture(scope="module")
def runs(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    for kind, columns in COLUMNS.items():
        run = str(folder / kind)
        train(TrainConfig(data=[str(data)], run=run, jet_type=kind, columns=columns, **SMALL))
    return [str(folder / kind) for kind in COLUMNS]


def weights_by_class(cloud):
    kinds = cloud.condition("type")
    return [float(cloud.weights[kinds == class_index(kind)].double().sum()) for kind in COLUMNS]


@pytest.mark.parametrize("suffix", [".h5", ".root"])
def test_runs_are_mixed_in_the_ratio_of_their_weights(data, runs, tmp_path, suffix, capsys):
    path = tmp_path / f"all{suffix}"
    assert main(["generate", *runs, "--jets", "3000", "--output", str(path)]) == 0
    made = jetgen.read(str(path), conditions=["type"])
    assert [f.name for f in made.features] == list(COLUMNS[DISPLACED])
    prompt = made.condition("type") == class_index(PROMPT)
    first, second = weights_by_class(jetgen.read(str(data)))
    share = first / (first + second)
    for count, mean in ((int(prompt.sum()), 3000 * share), (len(made), 3000)):
        assert abs(count - mean) < 4 * mean**0.5
    assert not made.feature("x")[prompt].any() and not made.feature("y")[prompt].any()
    assert made.feature("x")[~prompt].all() and made.feature("z").all()
    # in random order: neighbours are of one class as often as chance has it
    alike = (prompt[1:] == prompt[:-1]).double().mean()
    assert float(alike) == pytest.approx(share**2 + (1 - share) ** 2, abs=0.04)
    if suffix == ".h5":
        with h5py.File(path) as file:
            said = dict(file.attrs)
        assert said["jets_per_second"] > 0
    else:
        with uproot.open(path) as file:
            said = json.loads(str(file["attributes"]))
    numbers = said["numbers"] if suffix == ".root" else json.loads(said["numbers"])
    assert sum(numbers) == len(made) and numbers[0] == int(prompt.sum())
    assert "per second, writing included" in capsys.readouterr().out


def test_numbers_are_poisson_and_the_seed_decides(runs, tmp_path):
    def numbers(seed):
        path = tmp_path / f"{seed}.h5"
        config = GenerateConfig(
            runs=runs, jets=50, seed=seed, output=str(path), overwrite=True, device="cpu"
        )
        made = generate(config)
        assert made.jets == len(jetgen.read(str(path)))
        return jetgen.read(str(path)).particles

    totals = [len(numbers(seed)) for seed in range(30)]
    assert np.mean(totals) == pytest.approx(50, abs=4) and 3 < np.std(totals) < 12
    assert torch.equal(numbers(1), numbers(1)) and not torch.equal(numbers(1), numbers(2))


def test_every_order_of_the_mixture_is_as_likely_and_nothing_is_lost():
    def stream(kind, number, start):
        for value in range(start, number):
            particles = torch.tensor([[[float(kind), float(value)]]])
            mask = torch.ones(1, 1, dtype=torch.bool)
            yield ParticleCloud(particles, mask, (Feature("kind"), Feature("value")))

    starts = []
    for seed in range(400):
        streams = [partial(stream, 0, 2), partial(stream, 1, 4)]
        made = list(mixed(streams, [2, 4], 3, np.random.default_rng(seed)))
        assert [len(part) for part in made] == [3, 3]
        together = ParticleCloud.concatenate(made).particles[:, 0]
        for kind, number in ((0, 2), (1, 4)):
            values = together[together[:, 0] == kind, 1]
            assert sorted(values.tolist()) == list(range(number))
        starts.append(float(together[:, 0][[0, -1]].mean()))
    assert np.mean(starts) == pytest.approx(4 / 6, abs=0.06)


def test_runs_that_cannot_be_mixed_say_why(data, runs, tmp_path, make_muons):
    with pytest.raises(InputError, match="output: expected a file to write the sets of several"):
        GenerateConfig(runs=runs)
    nameless = str(tmp_path / "nameless")
    train(TrainConfig(data=[str(data)], run=nameless, columns=COLUMNS[PROMPT], **SMALL))
    with pytest.raises(InputError, match=r"with the class of its sets.*jet_type=CLASS"):
        generate(GenerateConfig(runs=[*runs, nameless], output=str(tmp_path / "x.h5")))
    other = tmp_path / "other.h5"
    cloud = make_muons(300, 9)
    with set_writer(other, cloud.features, cloud.condition_features, slots=1, attributes={}) as add:
        add(cloud)
    run = str(tmp_path / "other")
    train(TrainConfig(data=[str(other)], run=run, jet_type=PROMPT, **SMALL))
    with pytest.warns(InputWarning, match="trained on different files"):
        generate(GenerateConfig(runs=[runs[1], run], output=str(tmp_path / "y.h5"), jets=50))


def test_jets_of_several_classes_are_mixed_too(tmp_path, make_gaussian_jets):
    from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter

    made = []
    for kind in ("gluon", "top"):
        path = tmp_path / f"{kind}.h5"
        with JetgenWriter(path, attributes={}, slots=12) as writer:
            types = torch.full((200,), float(class_index(kind)))
            writer.append(make_gaussian_jets(200, 1).with_conditions({Feature("type"): types}))
        options = {k: v for k, v in SMALL.items() if k not in ("representation", "weighted")}
        run = str(tmp_path / kind)
        train(TrainConfig(data=[str(path)], run=run, jet_type=kind, particles=6, **options))
        made.append(run)
    with pytest.warns(InputWarning, match="different files"):
        written = generate(GenerateConfig(runs=made, jets=200, output=str(tmp_path / "both.h5")))
    jets = jetgen.read(str(written.path))
    kinds = jets.condition("type")
    assert set(kinds.tolist()) == {0.0, 2.0} and 50 < int((kinds == 2).sum()) < 150
    assert jets.has_condition("mass")


REGION = "p > 15 and pt > 0.3"


def test_a_vae_generates_in_a_region_from_the_codes_of_training_muons(data, tmp_path):
    run = str(tmp_path / "vae")
    options = {**SMALL, "epochs": 40, "hidden": 64, "loss": "mse", "loss_scale": 1000, "latent": 6}
    train(
        TrainConfig(
            data=[str(data)],
            run=run,
            jet_type=DISPLACED,
            columns=COLUMNS[DISPLACED],
            transform=["pz=asinh+standardise"],
            learning_rate=0.005,
            beta_warmup=1,
            **options,
        )
    )
    path = tmp_path / "region.h5"
    words = ["--region", REGION, "--jets", "500", "--output", str(path), "--device", "cpu"]
    assert main(["generate", run, *words]) == 0

    def inside(cloud):
        pt = cloud.feature("px").hypot(cloud.feature("py"))
        return float(((pt.hypot(cloud.feature("pz")) > 15) & (pt > 0.3)).float().mean())

    everywhere = load(run).generate(500)
    assert inside(jetgen.read(str(path))) > 0.6 > 0.3 > inside(everywhere)
    with pytest.raises(InputError, match="region: expected a region with training jets"):
        generate(GenerateConfig(runs=[run], region="p > 1e6", output=str(tmp_path / "n.h5")))
    with pytest.raises(InputError, match="expected neither `fix` nor `prior` with `region`"):
        GenerateConfig(runs=[run], region=REGION, prior="gaussian")


def test_codes_without_widths_make_no_region(data, tmp_path):
    run = str(tmp_path / "ae")
    train(TrainConfig(data=[str(data)], run=run, objective="ae", **SMALL))
    with pytest.raises(InputError, match="expected a run whose codes have widths"):
        generate(GenerateConfig(runs=[run], region=REGION))


def test_a_model_conditioned_on_a_region_follows_it(data, tmp_path):
    run = str(tmp_path / "region")
    options = {**SMALL, "epochs": 25, "learning_rate": 0.01, "weighted": False}
    train(
        TrainConfig(
            data=[str(data)],
            run=run,
            region="pz > 8",
            objective="vae",
            columns=("px", "pz"),
            transform=["pz=asinh+standardise"],
            **options,
        )
    )
    model = load(run)
    share = float((model.training_jets().feature("pz") > 8).float().mean())
    assert float(model.training_jets().condition("region").mean()) == pytest.approx(share)
    low, high = (
        float((model.generate(400, fix={"region": value}).feature("pz") > 8).float().mean())
        for value in (0, 1)
    )
    assert low < 0.25 < 0.3 < share < 0.6 < 0.7 < high
