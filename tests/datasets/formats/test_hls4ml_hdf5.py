from __future__ import annotations

import h5py
import numpy as np
import pytest
import torch

from jetgen.cloud import CARTESIAN_ENERGY
from jetgen.datasets import read
from jetgen.errors import InputError
from jetgen.physics import fourvectors


def test_momenta_conditions_and_classes(hls4ml_file) -> None:
    path = hls4ml_file(labels="gqwztg")
    cloud = read(path)
    assert cloud.features == CARTESIAN_ENERGY
    with h5py.File(path) as file:
        raw = file["jetConstituentList"][..., :4].astype(np.float32)
    assert np.array_equal(cloud.particles.numpy(), raw)
    assert np.array_equal(cloud.mask.numpy(), raw[..., 3] > 0)
    assert cloud.condition("type").tolist() == [0, 1, 3, 4, 2, 0]
    names = [f.name for f in cloud.condition_features]
    assert names == ["pt", "eta", "phi", "mass", "num_particles", "type"]
    total = fourvectors.jet_momentum(cloud)
    for name in ("pt", "eta", "phi", "mass"):
        measured = getattr(fourvectors, name)(total)
        assert torch.allclose(cloud.condition(name).double(), measured, rtol=1e-4), name
    # The test's particles are massless: E = |p|.
    assert torch.allclose(cloud.feature("E"), cloud.particles[..., :3].norm(dim=-1), rtol=1e-5)


def test_columns_are_found_by_their_names(hls4ml_file) -> None:
    straight = read(hls4ml_file("a.h5"))
    names = ["j_t", "j_z", "j_w", "j_q", "j_g", "j_mass", "j_eta", "j_pt"]
    assert torch.equal(read(hls4ml_file("b.h5", jet_names=names)).conditions, straight.conditions)


def test_a_column_that_is_missing_is_named(hls4ml_file) -> None:
    path = hls4ml_file(jet_names=["j_pt", "j_eta", "j_mass", "j_g", "j_q"])
    with pytest.raises(InputError, match="expected a column j_t in jetFeatureNames"):
        read(path)


def test_a_folder_and_a_pattern_are_many_files(hls4ml_file, tmp_path) -> None:
    hls4ml_file("train/jetImage_0_100p_0_10000.h5", labels="gg")
    hls4ml_file("train/jetImage_0_100p_10000_20000.h5", labels="tq", seed=1)
    folder = read(tmp_path / "train")
    pattern = read(str(tmp_path / "train" / "jetImage_*_100p_*.h5"))
    assert folder.condition("type").tolist() == [0, 0, 2, 1]
    assert torch.equal(folder.particles, pattern.particles)


def test_one_class_across_files(hls4ml_file) -> None:
    files = [hls4ml_file("a.h5", labels="gtg"), hls4ml_file("b.h5", labels="ttq", seed=1)]
    cloud = read(files, jet_type="top")
    assert cloud.condition("type").tolist() == [2, 2, 2]
    assert torch.equal(cloud.particles, read(files).particles[[1, 3, 4]])


def test_a_class_that_is_not_there(hls4ml_file) -> None:
    with pytest.raises(
        InputError, match="type w, received 1 unknown, 2 gluon, 1 top jets"
    ) as found:
        read(hls4ml_file(labels="gg?t"), jet_type="w")
    assert "\n" not in str(found.value)
