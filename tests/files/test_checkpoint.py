"""Checkpoints keep tensors of every type and everything else, and notice any damage."""

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from jetgen.errors import InputError
from jetgen.files.checkpoint import Checkpoint

CONTENT = Checkpoint(
    {
        "model.weight": torch.arange(200.0).reshape(2, 100),
        "model.half": torch.ones(3, dtype=torch.bfloat16),
        "step": torch.tensor(7),
        "mask": torch.tensor([True, False]),
        "none": torch.zeros(0, 3),
    },
    {"epoch": 3, "losses": [0.1, float("inf")], "text": "µ", "kept": {"2": 1, "10": 2}},
)


@pytest.fixture
def path(tmp_path):
    CONTENT.save(tmp_path / "best.safetensors")
    return tmp_path / "best.safetensors"


def test_keys_that_are_numbers_change_no_checksum(path):
    Checkpoint({}, {"kept": {2: 1, 10: 2}}).save(path)
    assert Checkpoint.load(path).state == {"kept": {"2": 1, "10": 2}}


def same(found):
    return found.state == CONTENT.state and all(
        torch.equal(found.tensors[name], tensor) for name, tensor in CONTENT.tensors.items()
    )


def test_a_checkpoint_comes_back(path):
    assert same(Checkpoint.load(path))


def test_no_damage_passes_unseen(path, mutated):
    whole, generator = path.read_bytes(), torch.Generator().manual_seed(1)
    for _ in range(300):
        path.write_bytes(mutated(whole, generator))
        try:
            assert same(Checkpoint.load(path))
        except InputError as error:
            assert "\n" not in str(error)


def test_other_numbers_in_a_sound_file_are_noticed(path):
    with safe_open(path, framework="pt") as file:
        header = file.metadata()
    tensors = load_file(path)
    tensors["model.weight"][1, 5] += 0.01
    save_file(tensors, path, metadata=header)
    with pytest.raises(InputError, match="found other numbers in it; it is damaged"):
        Checkpoint.load(path)
