"""Models of few steps that follow a trained one of many."""

import shutil
from dataclasses import replace

import pytest
import torch

import jetgen
from jetgen.cloud import Feature
from jetgen.config.distill import DistillConfig
from jetgen.config.train import TrainConfig
from jetgen.distillation.command import distill
from jetgen.errors import InputError
from jetgen.files.checkpoint import Checkpoint
from jetgen.objectives.building import build_objective
from jetgen.objectives.layout import Layout
from jetgen.runs.folder import RunFolder
from jetgen.training.command import train

TINY = {"particles": 12, "hidden": 16, "layers": 1, "batch": 64, "epochs": 1, "device": "cpu"}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory, toy_jets):
    folder = tmp_path_factory.mktemp("distillation")
    jetgen.write(toy_jets(700, 1), folder / "jets.h5")
    options = {"objective": "flow-matching", "solver_steps": 3, "condition": ["mass"], **TINY}
    data = [str(folder / "jets.h5")]
    return train(TrainConfig(data=data, run=str(folder / "teacher"), **options))


def student_of(teacher, tmp_path, **options):
    options = {"epochs": 1, "teacher_steps": 2, "device": "cpu"} | options
    return distill(DistillConfig(teacher=str(teacher), run=str(tmp_path / "student"), **options))


def test_student_needs_one_evaluation_and_neither_teacher_nor_data(teacher, tmp_path):
    moved = shutil.copytree(teacher, tmp_path / "teacher")
    run = student_of(moved, tmp_path)
    shutil.rmtree(moved)
    config = RunFolder(run).read_config()
    assert config.condition == ["mass"]
    model = jetgen.load(run)
    assert model.model.evaluations == 1
    assert len(model.generate(20, fix={"mass": 60})) == 20


def test_resumed_student_is_the_uninterrupted_one(teacher, tmp_path, trained_and_resumed):
    config = RunFolder(student_of(teacher, tmp_path, epochs=2)).read_config()
    trained_and_resumed(replace(config, run=str(tmp_path / "again")))


def test_a_student_goes_on_from_an_earlier_one(teacher, toy_jets, tmp_path):
    first = student_of(teacher, tmp_path / "first", epochs=4)
    begun = student_of(teacher, tmp_path / "begun", start=str(first), learning_rate=1e-9)
    earlier, later = (
        Checkpoint.load(RunFolder(run).best).part("average") for run in (first, begun)
    )
    for name, values in earlier.items():
        torch.testing.assert_close(later[name], values, rtol=1e-4, atol=1e-5, msg=name)
    jetgen.write(toy_jets(300, 9), tmp_path / "jets.h5")
    config = RunFolder(teacher).read_config()
    other = replace(config, data=[str(tmp_path / "jets.h5")], run=str(tmp_path / "other"))
    with pytest.raises(InputError, match=r"start: expected a student with the transforms"):
        student_of(teacher, tmp_path, start=str(train(other)))


def test_by_default_a_jet_has_as_many_steps_of_the_teacher_as_it_generates_with(teacher, tmp_path):
    config = RunFolder(student_of(teacher, tmp_path, steps=2, teacher_steps=None)).read_config()
    assert "teacher_steps=2" in config.objective_option  # 3 for two


@pytest.mark.parametrize("steps", [1, 3])
def test_pieces_of_a_batch_give_the_step_of_the_whole(teacher, tmp_path, steps):
    """Times and noise are those of the whole batch; so are those of several processes."""
    config = RunFolder(student_of(teacher, tmp_path, steps=steps)).read_config()
    pieces = replace(config, accumulate=4, run=str(tmp_path / "pieces"))
    whole, again = (RunFolder(run) for run in (config.run, train(pieces)))
    wanted, found = (Checkpoint.load(folder.last).part("model") for folder in (whole, again))
    for name, values in wanted.items():
        torch.testing.assert_close(found[name], values, rtol=1e-3, atol=1e-4, msg=name)
    (row,), (same,) = whole.read_metrics(), again.read_metrics()
    assert float(same["train_total"]) == pytest.approx(float(row["train_total"]), rel=1e-4)


@pytest.mark.parametrize("steps", [1, 3])
def test_student_of_a_constant_velocity_has_nothing_to_learn(teacher, tmp_path, steps):
    """Where the teacher moves every particle at one velocity, any number of steps ends alike."""
    run = student_of(teacher, tmp_path, steps=steps)
    config = RunFolder(run).read_config()
    jets = jetgen.load(run).training_jets()
    model = build_objective(config, Layout.of(jets, config))
    model.fit_data(jets)
    (taught,) = model._teacher
    for network in (model.velocity, taught):
        last = network.head[-1]
        torch.nn.init.zeros_(last.weight)
        torch.nn.init.constant_(last.bias, 0.7)
    loss = model.loss("velocity", jets, 0, torch.Generator().manual_seed(1)).total
    assert loss.max() < 1e-10
    torch.nn.init.constant_(taught.head[-1].bias, 0.5)
    loss = model.loss("velocity", jets, 0, torch.Generator().manual_seed(1)).total
    torch.testing.assert_close(loss, torch.full_like(loss, 0.04))


def test_only_finished_flow_matching_can_be_distilled(teacher, tmp_path):
    config = RunFolder(teacher).read_config()
    other = train(
        TrainConfig(data=config.data, run=str(tmp_path / "vae"), prior="gaussian", **TINY)
    )
    with pytest.raises(InputError, match=r"expected a run with the objective flow-matching"):
        student_of(other, tmp_path)
    with pytest.raises(InputError, match=r"`jetgen distill RUN` trains this one"):
        TrainConfig(data=config.data, objective="distillation")
    assert not (tmp_path / "student").exists()


def test_a_student_has_the_optimiser_of_its_teacher_and_its_own_monitor(teacher, tmp_path):
    taught = RunFolder(teacher).read_config()
    folder = RunFolder(student_of(teacher, tmp_path, epochs=2, monitor=("w1m",)))
    config = folder.read_config()
    assert (config.optimiser, config.learning_rate) == (taught.optimiser, taught.learning_rate)
    assert [float(row["monitor_w1m"]) > 0 for row in folder.read_metrics()] == [True, True]


def test_a_teacher_is_named_as_runs_are_elsewhere(tmp_path):
    with pytest.raises(InputError, match=r"expected gluon-all\.h5, which"):
        distill(DistillConfig(teacher="gluon30-flow", run=str(tmp_path / "student")))
    with pytest.raises(InputError, match="did you mean 'gluon30-flow'"):
        distill(DistillConfig(teacher="gluon30-flo", run=str(tmp_path / "student")))


def test_other_jets_of_the_same_classes_give_conditions_alone(teacher, toy_jets, tmp_path):
    jetgen.write(toy_jets(400, 2), tmp_path / "other.h5")
    run = student_of(teacher, tmp_path, data=[str(tmp_path / "other.h5")])
    weights = (Checkpoint.load(RunFolder(path).last).part("model") for path in (teacher, run))
    taught, found = weights
    scales = [name for name in taught if name.startswith("preparation.")]
    assert scales and all(torch.equal(taught[name], found[name]) for name in scales)
    assert len(found["jets.conditions"]) == 280


def test_jets_of_other_classes_are_refused(toy_jets, tmp_path):
    def typed(kind, name):
        jets = toy_jets(400, 3)
        typed = jets.with_conditions({Feature("type"): torch.full((400,), float(kind))})
        jetgen.write(typed, tmp_path / name)
        return [str(tmp_path / name)]

    config = TrainConfig(
        data=typed(0, "gluon.h5"), run=str(tmp_path / "teacher"), objective="flow-matching",
        condition=["type"], **TINY
    )  # fmt: skip
    with pytest.raises(InputError, match=r"data: expected jets with classes \(0,\)"):
        student_of(train(config), tmp_path, data=typed(2, "top.h5"))
