"""Conditional models: what they are given is what they make, for every objective."""

import dataclasses
import warnings

import h5py
import pytest
import torch

import jetgen
from jetgen.cli.main import main
from jetgen.cloud import Feature, ParticleCloud
from jetgen.components import OBJECTIVES
from jetgen.config.generate import GenerateConfig
from jetgen.config.train import TrainConfig
from jetgen.configs import preset
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.errors import InputError, InputWarning
from jetgen.objectives.layout import Layout
from jetgen.objectives.preparation import Preparation
from jetgen.physics.classes import class_index
from jetgen.physics.fourvectors import laboratory_jets, to_relative
from jetgen.priors.jets import JetDistribution, JetDraw
from jetgen.training.command import train

SMALL = preset("classic") | {
    "particles": 12,
    "encoder": "dense",
    "hidden": 32,
    "layers": 1,
    "latent": 4,
    "batch": 64,
    "projections": 8,
    "solver_steps": 8,
    "learning_rate": 0.01,
    "flow_transforms": 2,
    "flow_hidden": 16,
    "prior_epochs": 20,
    "average": 0.9,
    "device": "cpu",
    "condition": ["mass,type", "n"],
}

TRAININGS = {
    "ae": {"prior": "flow", "epochs": 10},
    "vae": {"epochs": 10},
    "wae": {"epochs": 10},
    "swae": {"epochs": 10},
    "aae": {"epochs": 10},
    "gan": {
        "epochs": 30,
        "batch": 32,
        "encoder": "deepsets",
        "label_noise": 0.0,
        "learning_rate": 0.003,
    },
    "flow-matching": {"epochs": 30},
}
"""Enough to learn the width of a class."""


@pytest.fixture
def config(tmp_path, make_gaussian_jets):
    """Options of a training on narrow gluon jets and top jets four times as wide."""
    paths = []
    for seed, (kind, width) in enumerate({"gluon": 0.5, "top": 2.0}.items()):
        relative = to_relative(make_gaussian_jets(300, seed=seed))
        wide = relative.particles * torch.tensor([width, width, 1.0])
        jets = laboratory_jets(dataclasses.replace(relative, particles=wide))
        types = torch.full((len(jets),), float(class_index(kind)))
        paths.append(str(tmp_path / f"{kind}.h5"))
        with JetgenWriter(paths[-1], attributes={}, slots=12) as writer:
            writer.append(jets.with_conditions({Feature("type"): types}))

    def make(name="run", **options):
        return TrainConfig(**{**SMALL, "data": paths, "run": str(tmp_path / name), **options})

    return make


def width(jets: ParticleCloud) -> float:
    return float(jets.particles[..., :2][jets.mask].std())


def test_every_objective_is_tested():
    assert set(TRAININGS) == set(OBJECTIVES) - {"distillation"}  # follows its teacher


@pytest.mark.parametrize("objective", TRAININGS)
@pytest.mark.slow
def test_jets_follow_the_type_and_the_mass_that_they_are_given(config, objective):
    model = jetgen.load(train(config(objective=objective, **TRAININGS[objective])))
    gluon, top = (model.generate(200, fix={"type": kind}) for kind in ("gluon", "top"))
    assert width(top) > 1.5 * width(gluon)  # four times as wide; 1.0 for a model that ignores it
    light, heavy = (model.generate(200, fix={"mass": mass}) for mass in (60, 250))
    masses = [to_relative(jets).condition("mass").mean() for jets in (light, heavy)]
    assert masses[1] > 1.5 * masses[0]
    assert (heavy.condition("mass") == 250).all() and (top.condition("type") == 2).all()


@pytest.mark.parametrize("objective", TRAININGS)
def test_conditional_training_resumes_to_the_same_numbers(config, trained_and_resumed, objective):
    few = {"epochs": 2, "prior_epochs": 1, "batch": 210}
    trained_and_resumed(config(**{**TRAININGS[objective], "objective": objective, **few}))


def test_generated_file_keeps_types_and_multiplicities_with_everything_else_drawn(config, capsys):
    run = train(config(epochs=1))
    path = run / "fixed.h5"
    words = ["generate", str(run), "--jets", "50", "--output", str(path)]
    assert main([*words, "--fix", "n=7", "--fix", "type=top"]) == 0
    with h5py.File(path) as file:
        assert (file["jet_type"][:] == 2).all() and (file["jet_features"][:, 3] == 7).all()
        assert len(set(file["jet_features"][:, 0])) == 50
    assert main(["generate", str(run), "--jets", "400"]) == 0
    share = (jetgen.read(run / "generated.h5").condition("type") == 2).float().mean()
    assert share.item() == pytest.approx(0.5, abs=0.1)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        assert main([*words, "--overwrite", "--fix", "mass=3000"]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if "warning" in line]
    assert len(lines) == 1 and "--fix mass: the training jets have values from" in lines[0]


REFUSED = [
    ({"girth": 1.0}, "expected a name among n, pt, eta, mass, type,.*condition='girth'"),
    ({"type": "w"}, r"expected a class of the training jets \(gluon, top\), received w"),
    ({"type": "lepton"}, r"of the training jets \(gluon, top\), received lepton"),
    ({"pT": 1000}, "received 'pT'; did you mean 'pt'"),
    ({"mass": "heavy"}, r"fix\['mass'\]: expected a number, received 'heavy'"),
    ({"mass": float("nan")}, r"fix\['mass'\]: expected a number"),
    (
        {"pt": -100},
        r"fix\['pt'\]: expected zero or more, .* received -100",
    ),
    ({"mass": -1.0}, "expected zero or more"),
    ({"n": 13}, "whole number from 1 to 12"),
    ({"n": 2.5}, "whole number from 1 to 12"),
]


def test_values_that_cannot_be_fixed_are_refused(config):
    model = jetgen.load(train(config(epochs=1)))
    for fix, message in REFUSED:
        with pytest.raises(InputError, match=message):
            model.generate(5, fix=fix)


@pytest.mark.parametrize("fix", [["mass"], ["mass="], ["=3"], ["mass=1", "mass=2"]])
def test_fixed_values_of_another_form_are_refused(fix):
    with pytest.raises(InputError, match="fix: expected NAME=VALUE with each name once"):
        GenerateConfig(runs=["run"], fix=fix)


def test_conditions_that_the_data_do_not_hold_are_refused(config):
    with pytest.raises(InputError, match=r"condition: expected names among n, .*received girth"):
        train(config(condition=["mass,girth"]))
    with pytest.raises(InputError, match="expected no n with multiplicity='latent'"):
        config(multiplicity="latent")
    with pytest.raises(InputError, match="NAME or NAME,NAME"):
        config(condition=["mass,,pt"])


def test_unknown_classes_cannot_be_a_condition(make_gaussian_jets):
    jets = make_gaussian_jets(30, seed=1).with_conditions({Feature("type"): torch.full((30,), -1)})
    with pytest.raises(InputError, match="received 30 of 30 whose files do not contain it"):
        Layout.of(jets, TrainConfig(condition=["type"]))


def test_context_is_multiplicity_standardised_numbers_and_one_column_a_class(make_gaussian_jets):
    kinds = torch.tensor([0.0, 2.0, 4.0]).repeat(100)
    jets = to_relative(make_gaussian_jets(300, seed=1)).with_conditions({Feature("type"): kinds})
    options = TrainConfig(condition=["type", "mass", "n", "pt"])
    layout = Layout.of(jets, options)
    assert [f.name for f in layout.conditions] == ["pt", "eta", "type", "mass"]
    assert layout.classes == (0, 2, 4)
    assert Layout.from_description(layout.description()) == layout
    preparation = Preparation(options, layout)
    values = {f.name: jets.condition(f.name) for f in layout.conditions}
    draw = JetDraw(jets.multiplicity, values)
    preparation.fit(jets, draw)
    context = preparation.context(draw)
    assert context.shape == (300, preparation.context_size) == (300, 4 + 3)
    expected = [jets.multiplicity.double(), values["pt"].double().log(), values["eta"].double()]
    for column, value in enumerate([*expected, values["mass"].double()]):
        standard = (value - value.mean()) / value.std(correction=0)
        torch.testing.assert_close(context[:, column].double(), standard, atol=1e-5, rtol=1e-5)
    assert torch.equal(context[:, 4:], torch.eye(3).repeat(100, 1))


def test_fixed_values_draw_the_rest_from_the_nearest_training_jets_of_the_class():
    generator = torch.Generator().manual_seed(1)
    mass = 100 * torch.rand(20_000, generator=generator)
    kind = torch.randint(0, 2, (20_000,), generator=generator).float()
    conditions = torch.stack([mass, 10 * kind + mass / 10, kind], dim=1)
    names = tuple(Feature(name) for name in ("mass", "pt", "type"))
    counts = (mass / 10).long() + 1
    mask = torch.arange(11) < counts.unsqueeze(1)
    cloud = ParticleCloud(torch.ones(20_000, 11, 1), mask, (Feature("x"),), conditions, names)
    jets = JetDistribution(20_000, ["mass", "pt", "type"])
    jets.fit(cloud)

    draw = jets.draw(5000, generator, {"mass": 55.0, "type": 1.0})
    assert (draw.conditions["mass"] == 55).all() and (draw.conditions["type"] == 1).all()
    assert (draw.conditions["pt"] - 15.5).abs().max() < 0.1
    assert (draw.multiplicity == 6).all()
    near = jets.draw(5000, generator, {"n": 4.0})
    assert (near.multiplicity == 4).all() and near.conditions["mass"].min() > 30 - 0.1
    assert near.conditions["mass"].max() < 40.1  # all jets with four particles, and no other
    assert near.conditions["mass"].std() == pytest.approx(10 / 12**0.5, rel=0.05)
    heaviest = jets.draw(1000, generator, {"mass": 1000.0}).conditions["pt"]
    assert (((heaviest - 9.9).abs() < 0.2) | ((heaviest - 19.9).abs() < 0.2)).all()


def test_values_outside_the_training_range_are_warned_of(config):
    model = jetgen.load(train(config(epochs=1)))
    with pytest.warns(InputWarning, match="received 1; the model has to extrapolate"):
        assert len(model.generate(5, fix={"mass": 1.0})) == 5
    for value in (1e30, 1e300, -1e5):
        with pytest.raises(
            InputError, match=r"fix\['(mass|eta)'\]: expected a value near those of"
        ):
            model.generate(5, fix={"eta" if value < 0 else "mass": value})
