"""What differs between jets and other sets is asked of their kind, and every answer exists."""

import ast
import inspect
from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest
import torch

from jetgen.cloud import CARTESIAN, RELATIVE, Feature, ParticleCloud
from jetgen.config.train import TrainConfig
from jetgen.kinds import ENTRIES, JETS, KINDS, Kind, Noun, kind_of, kind_of_cloud

SOURCES = sorted(Path(inspect.getfile(Kind)).parent.rglob("*.py"))
ANSWERS = [field.name for field in fields(Kind) if field.type == "Answer"]


@pytest.mark.parametrize("answer", ANSWERS)
def test_every_answer_is_a_function_of_as_many_arguments(answer):
    signatures = [inspect.signature(getattr(kind, answer)) for kind in KINDS]
    arguments = max(
        sum(
            p.kind is p.POSITIONAL_OR_KEYWORD and p.default is p.empty
            for p in signature.parameters.values()
        )
        for signature in signatures
    )
    for signature in signatures:
        signature.bind_partial(*range(arguments))


def asks_for_a_kind(node: ast.AST) -> bool:
    """Whether a piece of code finds out which of the two kinds it deals with."""
    if isinstance(node, ast.Compare):
        sides = [node.left, *node.comparators]
        names = {side.id for side in sides if isinstance(side, ast.Name)}
        texts = {side.value for side in sides if isinstance(side, ast.Constant)}
        return bool(names & {"JETS", "ENTRIES"}) or "features" in texts
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.slice, ast.Attribute)
        and node.slice.attr in ("representation", "kind", "noun")
    )


def test_nowhere_else_does_code_ask_which_kind_it_has():
    found = [
        f"{path.name}:{node.lineno}"
        for path in SOURCES
        if path.name != "kinds.py"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if asks_for_a_kind(node)
    ]
    assert found == []


@pytest.mark.parametrize(
    "code",
    [
        'config.representation == "features"',
        "measured.kind is JETS",
        'names != ENTRIES or "features" in config.representation',
        '{"relative": 2, "features": 3}[config.representation]',
    ],
)
def test_such_questions_are_recognised(code):
    assert any(asks_for_a_kind(node) for node in ast.walk(ast.parse(code)))


def test_every_representation_is_of_one_kind():
    names = [name for kind in KINDS for name in kind.representations]
    assert names == list(get_args(get_type_hints(TrainConfig)["representation"]))
    assert [kind_of(name) for name in names] == [JETS, JETS, ENTRIES]
    assert TrainConfig(columns=("a",)).kind is ENTRIES and TrainConfig().kind is JETS


def test_jets_are_sets_of_several_particles_with_momenta():
    def cloud(features, slots):
        mask = torch.ones(3, slots, dtype=torch.bool)
        return ParticleCloud(torch.ones(3, slots, len(features)), mask, features)

    assert kind_of_cloud(cloud(CARTESIAN, 5)) is kind_of_cloud(cloud(RELATIVE, 5)) is JETS
    assert kind_of_cloud(cloud(CARTESIAN, 1)) is ENTRIES
    assert kind_of_cloud(cloud((Feature("pt", "GeV"), Feature("charge")), 5)) is ENTRIES


def test_a_kind_under_another_name_answers_the_same():
    muons = ENTRIES.called(Noun("muon", "muons", "muon"))
    assert muons.noun.many == "muons" and muons.measure is ENTRIES.measure
    assert (ENTRIES.noun.many, muons.baseline) == ("entries", ENTRIES.baseline)
