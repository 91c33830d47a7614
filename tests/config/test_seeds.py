"""Every command takes the same seeds, and whatever is made from one is in the range of its user."""

import dataclasses

import pytest
import torch

from jetgen.cli.commands import COMMANDS
from jetgen.config.option import SEEDS
from jetgen.errors import InputError
from jetgen.registry import resolve
from jetgen.training.loop import seed_of

REQUIRED = {
    "compare": {"runs": ["r"], "output": "o"},
    "evaluate": {"real": "r.h5", "generated": "g.h5"},
    "generate": {"runs": ["r"]},
    "latent": {"run": "r"},
    "leaderboard": {"folder": "f"},
    "peaks": {"before": "b.h5", "after": "a.h5", "window": "60:100"},
    "report": {"run": "r"},
    "simulate": {"sample": "gluon", "output": "o.h5"},
    "sweep": {"sweep": "s"},
    "train": {"data": ["d.h5"]},
}


def test_every_command_with_a_seed_is_listed():
    seeded = {
        name
        for name, command in COMMANDS.items()
        if "seed" in {field.name for field in dataclasses.fields(resolve(command.options))}
    }
    assert seeded == set(REQUIRED)


@pytest.mark.parametrize("name", REQUIRED)
def test_one_range_of_seeds_for_all_commands(name):
    options = resolve(COMMANDS[name].options)
    for seed in (0, 20261128, SEEDS - 1):
        assert options(**REQUIRED[name], seed=seed).seed == seed
    with pytest.raises(InputError, match=r"^seed: expected zero or more, received -1"):
        options(**REQUIRED[name], seed=-1)
    with pytest.raises(InputError, match=r"^seed: expected less than 4,294,967,296, received"):
        options(**REQUIRED[name], seed=SEEDS)


@pytest.mark.parametrize("seed", [0, 18_446_633, 18_446_634, 20261128, SEEDS - 1])
def test_seeds_of_epochs_are_distinct_and_in_the_range_of_torch(seed):
    seeds = [seed_of(seed, stage, epoch) for stage in range(2) for epoch in range(1000)]
    assert len(set(seeds)) == len(seeds)
    torch.Generator().manual_seed(max(seeds))
    if seed < 18_446_634:  # as in versions before
        assert seeds[1001] == (seed * 1_000_003 + 1) * 1_000_003 + 1
