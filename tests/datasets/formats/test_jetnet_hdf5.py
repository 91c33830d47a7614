from __future__ import annotations

import h5py
import numpy as np
import pytest
import torch

from jetgen.cloud import RELATIVE
from jetgen.datasets import read
from jetgen.errors import InputError
from jetgen.physics.classes import JET_CLASSES


@pytest.mark.parametrize("slots", [30, 150])
def test_values_are_those_of_the_file(jetnet_file, slots: int) -> None:
    path = jetnet_file(slots=slots)
    cloud = read(path)
    with h5py.File(path) as file:
        particles, jets = file["particle_features"][:], file["jet_features"][:]
    assert cloud.features == RELATIVE
    assert np.array_equal(cloud.particles.numpy(), particles[..., :3])
    assert np.array_equal(cloud.mask.numpy(), particles[..., 3] == 1)
    names = [f.name for f in cloud.condition_features]
    assert names == ["pt", "eta", "mass", "num_particles", "type"]
    assert np.array_equal(cloud.conditions[:, :4].numpy(), jets)


def test_the_type_index_is_that_of_the_jetnet_library() -> None:
    assert [name[0] for name in JET_CLASSES] == ["g", "q", "t", "w", "z"]


@pytest.mark.parametrize(
    ("name", "index"), [("g.hdf5", 0), ("q150.hdf5", 1), ("t30.h5", 2), ("w.hdf5", 3), ("z.h5", 4)]
)
def test_the_class_follows_from_the_published_name(jetnet_file, name: str, index: int) -> None:
    assert read(jetnet_file(name)).condition("type").unique().tolist() == [index]


def test_another_name_is_of_unknown_class_unless_told(jetnet_file) -> None:
    path = jetnet_file("mine.hdf5")
    assert read(path).condition("type").unique().tolist() == [-1]
    assert read(path, jet_type="top").condition("type").unique().tolist() == [2]


def test_a_class_that_the_name_contradicts_is_an_error(jetnet_file) -> None:
    with pytest.raises(InputError, match="expected jets of type top, received 20 gluon jets"):
        read(jetnet_file("g.hdf5"), jet_type="top")


def test_one_class_of_a_list_of_files(jetnet_file) -> None:
    files = [jetnet_file("g.hdf5"), jetnet_file("t150.hdf5", jets=6, slots=150, seed=3)]
    both = read(files)
    assert both.condition("type").tolist() == [0] * 20 + [2] * 6
    assert both.mask.shape == (26, 150)
    tops = read(files, jet_type="t")
    assert torch.equal(tops.particles, both[20:].particles)
