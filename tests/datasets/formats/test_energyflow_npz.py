from __future__ import annotations

import pickle

import numpy as np
import pytest
import torch

from jetgen.cloud import CARTESIAN
from jetgen.datasets import read
from jetgen.datasets.formats.energyflow_npz import EnergyFlowSource
from jetgen.errors import InputError


def test_massless_momenta(energyflow_file) -> None:
    path = energyflow_file()
    with np.load(path) as file:
        pt, y, phi, _ = np.moveaxis(file["X"], -1, 0)
        labels = file["y"]
    cloud = read(path)
    assert cloud.features == CARTESIAN
    p4 = [pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(y), pt * np.cosh(y)]
    assert np.allclose(cloud.particles.numpy(), np.stack(p4[:3], -1), rtol=1e-6)
    assert np.array_equal(cloud.mask.numpy(), pt > 0)
    assert cloud.condition("type").tolist() == labels.tolist()  # 0 gluon, 1 quark in both
    px, py, pz, energy = (component.sum(1) for component in p4)
    assert np.allclose(cloud.condition("pt"), np.hypot(px, py), rtol=1e-5)
    mass = np.sqrt(np.maximum(energy**2 - px**2 - py**2 - pz**2, 0))
    assert np.allclose(cloud.condition("mass"), mass, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("packed", [True, False])
def test_pieces_in_any_order_equal_the_whole(energyflow_file, packed: bool) -> None:
    source = EnergyFlowSource(energyflow_file(packed=packed))
    whole = source.read(0, 12)
    for start, stop in [(8, 12), (0, 3), (3, 8)]:
        assert torch.equal(source.read(start, stop).particles, whole.particles[start:stop])
    copy = pickle.loads(pickle.dumps(source))
    assert torch.equal(copy.read(5, 6).particles, whole.particles[5:6])


def test_files_of_different_width_are_padded_to_the_widest(energyflow_file) -> None:
    files = [energyflow_file("a.npz", slots=9), energyflow_file("b.npz", slots=17, seed=1)]
    cloud = read(files)
    assert cloud.mask.shape == (24, 17)
    assert not cloud.mask[:12, 9:].any()
    assert read(files, jet_type="quark").condition("type").tolist() == [1.0] * 8


def test_an_archive_with_damaged_values(energyflow_file) -> None:
    path = energyflow_file(jets=400)
    data = bytearray(path.read_bytes())
    middle = len(data) // 3
    data[middle : middle + 400] = bytes(400)
    path.write_bytes(bytes(data))
    with pytest.raises(InputError, match="damaged"):
        read(path)
