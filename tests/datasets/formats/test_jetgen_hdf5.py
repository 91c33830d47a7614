from __future__ import annotations

import json
import pickle
import resource
import subprocess
import sys
from pathlib import Path

import h5py
import numpy as np
import pytest
import torch

from jetgen.cloud import CARTESIAN, CARTESIAN_ENERGY, RELATIVE, Feature, ParticleCloud
from jetgen.datasets import read
from jetgen.datasets.formats.jetgen_hdf5 import JetgenSource, JetgenWriter
from jetgen.errors import InputError
from jetgen.physics import fourvectors
from jetgen.physics.fourvectors import JET_KINEMATICS


def some_jets(jets: int = 40, slots: int = 12, seed: int = 0, energy: bool = True) -> ParticleCloud:
    generator = torch.Generator().manual_seed(seed)

    def uniform(low: float, high: float, *shape: int) -> torch.Tensor:
        return low + (high - low) * torch.rand(shape, generator=generator)

    mask = torch.rand(jets, slots, generator=generator) < 0.7
    mask[:, 0] = True
    shape = (jets, slots)
    p4 = fourvectors.massless(
        uniform(1, 90, *shape), uniform(0, 0.5, *shape), uniform(2, 4, *shape)
    )
    p4[..., 3] += 0.1
    cloud = ParticleCloud(p4, mask, CARTESIAN_ENERGY)
    total = fourvectors.jet_momentum(cloud)
    measures = (fourvectors.pt, fourvectors.eta, fourvectors.phi, fourvectors.mass)
    jet = dict(zip(JET_KINEMATICS, (m(total).float() for m in measures), strict=True))
    kinds = torch.randint(0, 5, (jets,), generator=generator).float()
    cloud = cloud.with_conditions({**jet, Feature("type"): kinds})
    if energy:
        return cloud
    return ParticleCloud(
        p4[..., :3], mask, CARTESIAN, cloud.conditions, cloud.condition_features, cloud.weights
    )


def write(path: Path, *clouds: ParticleCloud, slots: int = 12, **attributes: object) -> Path:
    with JetgenWriter(path, attributes=attributes, slots=slots) as writer:  # type: ignore[arg-type]
        for cloud in clouds:
            writer.append(cloud)
    return path


def by_pt(cloud: ParticleCloud) -> list[np.ndarray]:
    """Each jet's particles in falling pT."""
    jets = [p[m].numpy() for p, m in zip(cloud.particles, cloud.mask, strict=True)]
    return [jet[np.argsort(-np.hypot(jet[:, 0], jet[:, 1]), kind="stable")] for jet in jets]


def test_a_round_trip_changes_no_bit_of_particles_conditions_and_attributes(tmp_path: Path) -> None:
    cloud = some_jets()
    facts = {"command": "jetgen simulate", "seed": 7, "rate": 0.5, "settings": {"a": [1, "b"]}}
    path = write(tmp_path / "jets.h5", cloud, **facts, seeds=[1, 2])
    back = read(path)
    assert back.features == CARTESIAN_ENERGY
    for ours, theirs in zip(by_pt(cloud), by_pt(back), strict=True):
        assert ours.tobytes() == theirs.tobytes()
    for name in ("pt", "eta", "phi", "mass", "type"):
        assert torch.equal(back.condition(name), cloud.condition(name)), name
    assert torch.equal(back.condition("num_particles"), cloud.multiplicity.float())
    attributes = JetgenSource(path).attributes
    assert {name: attributes[name] for name in facts} == facts
    assert attributes["seeds"] == [1, 2]
    assert attributes["jets"] == len(cloud)


def test_weights_survive(tmp_path: Path) -> None:
    cloud = some_jets(3)
    heavy = ParticleCloud(
        cloud.particles, cloud.mask, cloud.features, cloud.conditions, cloud.condition_features,
        torch.tensor([0.5, 2.0, 3.25]),
    )  # fmt: skip
    assert read(write(tmp_path / "jets.h5", heavy)).weights.tolist() == [0.5, 2.0, 3.25]


def test_h5py_alone_reads_jetnets_columns(tmp_path: Path) -> None:
    cloud = some_jets()
    path = write(tmp_path / "jets.h5", cloud, slots=15)
    with h5py.File(path) as file:
        particles, jets = file["particle_features"][:], file["jet_features"][:]
        momenta, phi = file["constituents"][:], file["jet_phi"][:]
        assert list(file["particle_features"].attrs["columns"]) == [
            "etarel", "phirel", "ptrel", "mask",
        ]  # fmt: skip
        assert list(file["constituents"].attrs["units"]) == ["GeV"] * 4
        assert file["jet_type"].dtype == np.int8
        assert file["particle_features"].dtype == np.float32
        assert file["constituents"].dtype == np.float64
        assert file["constituents"].compression == "gzip"
    assert particles.shape == (40, 15, 4)
    assert jets.shape == (40, 4)
    mask = particles[..., 3].astype(bool)
    assert np.array_equal(mask.sum(1), jets[:, 3])
    assert not particles[~mask].any()
    assert not momenta[~mask].any()
    pt = np.hypot(momenta[..., 0], momenta[..., 1])
    assert (np.diff(pt, axis=1) <= 0).all()
    # From the relative columns and the jet, the momenta in GeV.
    assert np.allclose(particles[..., 2] * jets[:, :1], pt, rtol=1e-5)
    eta = np.where(mask, particles[..., 0] + jets[:, 1:2], 0)
    assert np.allclose(pt * np.sinh(eta), momenta[..., 2], rtol=1e-4, atol=1e-4)
    angle = particles[..., 1] + phi[:, None]
    assert np.allclose(pt * np.cos(angle), momenta[..., 0], rtol=1e-4, atol=1e-3)


def test_massless_particles_get_their_energy(tmp_path: Path) -> None:
    back = read(write(tmp_path / "jets.h5", some_jets(energy=False)))
    momentum = back.particles[..., :3].double().norm(dim=-1)
    assert torch.allclose(back.feature("E").double(), momentum, rtol=1e-6)


def test_many_blocks_equal_one(tmp_path: Path) -> None:
    cloud = some_jets(700)
    one = write(tmp_path / "one.h5", cloud)
    many = write(tmp_path / "many.h5", *(cloud[i : i + 33] for i in range(0, 700, 33)))
    with h5py.File(one) as first, h5py.File(many) as second:
        assert set(first) == set(second)
        for name in first:
            assert first[name][:].tobytes() == second[name][:].tobytes(), name


def test_the_leading_particles_are_kept(tmp_path: Path) -> None:
    cloud = some_jets()
    back = read(write(tmp_path / "jets.h5", cloud, slots=3))
    assert back.mask.shape == (40, 3)
    for ours, theirs in zip(by_pt(cloud), by_pt(back), strict=True):
        assert np.array_equal(ours[:3], theirs)
    assert torch.equal(back.condition("pt"), cloud.condition("pt"))  # the whole jet's


@pytest.mark.parametrize("error", [ValueError("planted"), KeyboardInterrupt("planted")])
def test_an_exception_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "jets.h5"
    with pytest.raises(type(error), match="planted"), JetgenWriter(path, attributes={}) as writer:
        writer.append(some_jets())
        raise error
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("limit", [2_000, 200_000, 900_000])
@pytest.mark.slow
def test_a_full_disk_is_an_os_error_and_leaves_nothing(tmp_path: Path, limit: int) -> None:
    """A limit on the size of files stands in for the full disk."""
    script = f"""
import resource, signal, sys, torch
from jetgen.cloud import CARTESIAN, ParticleCloud
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.physics.fourvectors import JET_KINEMATICS
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {resource.RLIM_INFINITY}))
cloud = ParticleCloud(torch.rand(2500, 20, 3) + 1, torch.ones(2500, 20).bool(), CARTESIAN)
cloud = cloud.with_conditions(dict(zip(JET_KINEMATICS, torch.ones(4, 2500))))
try:
    with JetgenWriter({str(tmp_path / "jets.h5")!r}, attributes={{}}) as writer:
        for _ in range(3):
            writer.append(cloud)
except OSError as error:
    print("OSError", error.filename)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout.strip()) == (
        0,
        f"OSError {tmp_path / 'jets.h5'}",
    )
    assert done.stderr == ""
    assert list(tmp_path.iterdir()) == []


def test_an_existing_file_is_replaced_only_on_demand(tmp_path: Path) -> None:
    path = write(tmp_path / "jets.h5", some_jets(5))
    with pytest.raises(InputError, match=r"jets\.h5: expected a new file"):
        JetgenWriter(path, attributes={})
    with JetgenWriter(path, attributes={}, overwrite=True, slots=12) as writer:
        assert len(read(path)) == 5  # the former file stays until the block ends
        writer.append(some_jets(6))
    assert len(read(path)) == 6


def test_relative_or_placeless_jets_are_refused(tmp_path: Path) -> None:
    with JetgenWriter(tmp_path / "jets.h5", attributes={}) as writer:
        blank = torch.zeros(2, 3, 3)
        mask = torch.ones(2, 3, dtype=torch.bool)
        with pytest.raises(InputError, match="received etarel, phirel, ptrel"):
            writer.append(ParticleCloud(blank, mask, RELATIVE))
        with pytest.raises(InputError, match="condition 'pt'"):
            writer.append(ParticleCloud(blank, mask, CARTESIAN))


def test_attributes_may_be_added_until_the_end(tmp_path: Path) -> None:
    with JetgenWriter(tmp_path / "jets.h5", attributes={}) as writer:
        writer.append(some_jets(2))
        writer.attributes["complete"] = False
    with h5py.File(tmp_path / "jets.h5") as file:
        assert not file.attrs["complete"]
        assert json.loads('{"jets": 2}')["jets"] == file.attrs["jets"]


def test_a_source_survives_pickling_while_open(tmp_path: Path) -> None:
    source = JetgenSource(write(tmp_path / "jets.h5", some_jets(9)))
    before = source.read(2, 5)
    copy = pickle.loads(pickle.dumps(source))
    assert torch.equal(copy.read(2, 5).particles, before.particles)


def test_other_units_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "jets.h5", some_jets())
    with h5py.File(path, "r+") as file:
        file["constituents"].attrs["units"] = ["MeV"] * 4
    with pytest.raises(InputError, match=r"expected constituents in the units .* received"):
        read(path)
