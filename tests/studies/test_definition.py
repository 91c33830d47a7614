"""A study's file becomes commands; each mistake in it gives one line."""

from pathlib import Path

import pytest

from jetgen.errors import InputError
from jetgen.studies.definition import SHIPPED, define, find

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


def test_a_setting_can_be_changed(tmp_path):
    definition = written(tmp_path)
    study = define(definition, Path("out"), quick=True, changed={"jets": "25"})
    assert study.settings == {"jets": 25}
    assert study.steps[0].words[:4] == ("simulate", "gluon", "--jets", "25")
    for name, text, message in (
        ("jts", "1", "among jets, or a file of jets among gluon, received 'jts'"),
        ("jets", "x", "a value like 10, received 'x'"),
        ("jets", "2.5", "a value like 10, received '2.5'"),
    ):
        with pytest.raises(InputError, match=message):
            define(definition, Path("out"), quick=True, changed={name: text})


def test_a_file_of_the_user_takes_the_place_of_simulated_jets(tmp_path):
    definition, mine = written(tmp_path), tmp_path / "mine.root"
    mine.touch()
    study = define(definition, Path("out"), quick=True, changed={"gluon": str(mine), "jets": "5"})
    assert [step.words[0] for step in study.steps] == [*["train"] * 4, "generate"]
    assert all(str(mine) in step.words for step in study.steps[:4])
    assert study.file("gluon") == mine and study.file("top") == Path("out/top.h5")
    assert study.settings == {"jets": 5} and not study.shipped
    for name, text, message in (
        ("gluon", "none.h5", "a file of jets for gluon, found none at none.h5"),
        ("mse-1", str(mine), "a file of jets among gluon, received 'mse-1'"),
    ):
        with pytest.raises(InputError, match=message):
            define(definition, Path("out"), quick=True, changed={name: text})


def test_a_range_may_be_a_setting(tmp_path):
    text = TEXT.replace("{jets: 10}", "{jets: 10, seeds: [3, 4, 5]}").replace("[1, 2]", "seeds")
    study = define(written(tmp_path, text), Path("out"), quick=True, changed={"seeds": "[7]"})
    assert [step.makes.name for step in study.steps[1:3]] == ["mse-7", "chamfer-7"]


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
        ("{jets}", "{jets.real}", "names of settings in braces"),
        ("{jets}", "{jets:>9999999999}", "names of settings in braces"),
        ("{jets}", "{0}", "names of settings in braces"),
        ("{jets}", "{jets", "names of settings in braces"),
        ("{jets}", "'{jets}", "names of settings in braces"),
    ],
)
def test_a_wrong_file_is_named(tmp_path, old, new, message):
    with pytest.raises(InputError, match=message):
        define(written(tmp_path, TEXT.replace(old, new, 1)), Path("out"), quick=True)


def test_more_commands_than_anybody_waits_for_are_refused(tmp_path):
    some = "a: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
    text = TEXT.replace("for: {", "for: {" + "".join(some.replace("a", n) + ", " for n in "vwxyz"))
    assert text != TEXT
    with pytest.raises(InputError, match="expected at most 10,000 commands of a step"):
        define(written(tmp_path, text), Path("out"), quick=True)


def test_an_unknown_study_lists_the_known_ones(tmp_path):
    with pytest.raises(InputError, match="nope: expected a study among"):
        find("nope")
    assert find(str(written(tmp_path))) == tmp_path / "toy"


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*/study.yaml")), ids=str)
@pytest.mark.parametrize("quick", [True, False])
def test_the_shipped_studies_are_well_formed(path, quick, tmp_path):
    study = define(path.parent, tmp_path, quick=quick)
    assert study.steps and Path(f"docs/studies/{path.parent.name}/index.md").exists()
    assert Path(f"jetgen/studies/{study.name.replace('-', '_')}.py").exists()
