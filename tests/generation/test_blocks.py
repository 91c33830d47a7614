"""The jets of a seed do not depend on how many are made."""

import pytest
import torch

import jetgen
from jetgen.runs.blocks import BLOCK

TINY = {"epochs": 1, "prior_epochs": 1, "hidden": 8, "particles": 12, "batch": 50}
KINDS = {
    "vae": {"objective": "vae"},
    "latent multiplicity": {"objective": "vae", "multiplicity": "latent"},
    "gan": {"objective": "gan", "queries": "noise"},
    "flow matching": {"objective": "flow-matching", "solver_steps": 2},
    "prior of flow matching": {"prior": "flow-matching", "solver_steps": 2},
}


@pytest.mark.parametrize("kind", KINDS)
def test_the_jets_of_a_smaller_number_are_the_first_of_a_larger_one(gaussian_file, tmp_path, kind):
    options = {**TINY, **KINDS[kind]}
    model = jetgen.train(data=gaussian_file, run=tmp_path / "run", **options)
    many = jetgen.generate(model, BLOCK + 60, seed=7)
    few = jetgen.generate(model, BLOCK // 2, seed=7)
    assert torch.equal(many[: len(few)].compact(12).particles, few.compact(12).particles)
    assert torch.equal(many[: len(few)].conditions, few.conditions)
    other = jetgen.generate(model, BLOCK // 2, seed=8)
    assert not torch.equal(other.compact(12).particles, few.compact(12).particles)
    # two blocks are not the same jets
    assert not torch.equal(many[BLOCK:].compact(12).particles, many[:60].compact(12).particles)
