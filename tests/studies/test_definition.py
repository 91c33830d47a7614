"""A study's file becomes commands; what is wrong with it is said in one line."""

from pathlib import Path

import pytest

from jetgen.config.study import StudyConfig
from jetgen.errors import InputError
from jetgen.studies.definition import define, find

TEXT = """
title: T
question: Q?
source: S
settings:
  full: {jets: 100}
  quick: {jets: 10}
steps:
  - simulate gluon --jets {jets} --output {folder}/gluon.h5
  - for: {loss: [mse, chamfer], seed: [1, 2]}
    run: train --config {study}/base.yaml --data {folder}/gluon.h5 --loss {loss}
      --run {folder}/{loss}-{seed}
  - generate {folder}/mse-1 --output {folder}/mse-1.h5
"""


def written(folder: Path, text: str = TEXT) -> Path:
    definition = folder / "toy"
    definition.mkdir()
    (definition / "study.yaml").write_text(text)
    return definition


def test_settings_and_combinations_become_commands(tmp_path):
    study = define(written(tmp_path), Path("out"), quick=True)
    assert study.name == "toy" and study.settings == {"jets": 10}
    assert [step.makes.as_posix() for step in study.steps] == [
        "out/gluon.h5",
        "out/mse-1",
        "out/mse-2",
        "out/chamfer-1",
        "out/chamfer-2",
        "out/mse-1.h5",
    ]
    assert study.steps[0].words[:4] == ("simulate", "gluon", "--jets", "10")
    assert f"{tmp_path}/toy/base.yaml" in study.steps[1].words


def test_settings_are_changed_by_name(tmp_path):
    folder = written(tmp_path)
    study = define(
        folder, Path("out"), quick=True, changes=StudyConfig("toy", set=["jets=7"]).changes()
    )
    assert study.settings == {"jets": 7} and study.steps[0].words[3] == "7"
    with pytest.raises(InputError, match=r"--set: expected settings of the study \(jets\).*jats"):
        define(folder, Path("out"), quick=True, changes={"jats": 7})
    with pytest.raises(InputError, match="--set: expected NAME=VALUE, received 'jets'"):
        StudyConfig("toy", set=["jets"])


def test_a_step_needs_what_its_words_name(tmp_path):
    jets, first, second, *_, generated = define(written(tmp_path), Path("out"), quick=False).steps
    assert first.needs(jets) and generated.needs(first)
    assert not second.needs(first) and not generated.needs(second) and not jets.needs(first)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("title: T", "", "title"),
        ("{jets}", "{jts}", "jts"),
        ("--output {folder}/gluon.h5", "", "--run, --output"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, old, new, message):
    with pytest.raises(InputError, match=message):
        define(written(tmp_path, TEXT.replace(old, new, 1)), Path("out"), quick=True)


def test_an_unknown_study_lists_the_known_ones(tmp_path):
    with pytest.raises(InputError, match="nope: expected a study among"):
        find("nope")
    assert find(str(written(tmp_path))) == tmp_path / "toy"


@pytest.mark.parametrize("path", sorted(Path("configs/studies").glob("*/study.yaml")), ids=str)
@pytest.mark.parametrize("quick", [True, False])
def test_the_shipped_studies_are_well_formed(path, quick, tmp_path):
    study = define(path.parent, tmp_path, quick=quick)
    assert study.steps and (path.parent / "README.md").exists()
    assert Path(f"jetgen/studies/{study.name.replace('-', '_')}.py").exists()
