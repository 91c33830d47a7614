"""A user's own study ends with tables and figures of what was measured, and no verdict."""

from pathlib import Path

import pytest

from jetgen.config.train import TrainConfig
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.errors import InputError
from jetgen.physics.fourvectors import JET_KINEMATICS, to_relative
from jetgen.studies.command import _module_of
from jetgen.studies.definition import Step, Study
from jetgen.studies.measurements import conclude
from jetgen.training.command import train


def own(folder: Path, *steps: Step) -> Study:
    return Study("own", "T", "Q?", "S", {}, folder, folder / "out", steps)


@pytest.fixture(scope="module")
def study(tmp_path_factory, toy_jets) -> Study:
    """Two trainings of one model, and one of another."""
    folder = tmp_path_factory.mktemp("own")
    with JetgenWriter(folder / "jets.h5", attributes={}, slots=30) as writer:
        jets = toy_jets(300, seed=1)
        known = {f: to_relative(jets).condition(f.name) for f in JET_KINEMATICS}
        writer.append(jets.with_conditions(known))
    steps = []
    for name, seed, objective in (("vae-1", 1, "vae"), ("vae-2", 2, "vae"), ("gan", 1, "gan")):
        run = folder / "out" / name
        train(
            TrainConfig(
                data=[str(folder / "jets.h5")], run=str(run), seed=seed, objective=objective,
                particles=8, hidden=8, layers=1, epochs=1, prior="gaussian", device="cpu",
            )
        )  # fmt: skip
        steps.append(Step(("train", "--run", str(run)), run))
    return own(folder, *steps)


@pytest.mark.filterwarnings("ignore::jetgen.errors.HealthWarning")
@pytest.mark.filterwarnings("ignore::jetgen.metrics.samples.FewJetsWarning")
def test_trainings_of_one_model_are_averaged(study):
    found = conclude(study)
    assert not found.claims and "2 models were trained 3 times" in found.answer
    tables = {table.name: table for table in found.tables}
    assert [row[:3] for row in tables["trainings"].rows] == [["vae", "2", "1"], ["gan", "1", "1"]]
    assert tables["generated"].columns[1:] == ["real against real", "vae", "gan"]
    assert tables["reconstructed"].columns[2:] == ["vae"]
    assert {len(row) for row in tables["generated"].rows} == {4}
    assert {drawing.name for drawing in found.drawings} == {"generated", "reconstructed"}


def test_a_study_without_a_training_says_so(tmp_path):
    with pytest.raises(InputError, match="expected a step that trains a model"):
        conclude(own(tmp_path, Step(("simulate", "gluon"), tmp_path / "out/gluon.h5")))


def test_only_studies_of_jetgen_have_claims(study, tmp_path):
    assert _module_of(own(tmp_path / "sparse-jets")) == "measurements"
    assert _module_of(study) == "measurements"
