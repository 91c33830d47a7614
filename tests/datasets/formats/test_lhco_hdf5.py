"""Events of the LHC Olympics, in both layouts of pandas, as h5py writes them."""

from __future__ import annotations

import h5py
import hdf5plugin
import numpy as np
import pytest
import torch

from jetgen.cloud import Feature
from jetgen.datasets import read
from jetgen.datasets.detection import detect
from jetgen.datasets.formats.lhco_hdf5 import LhcoSource
from jetgen.datasets.inspection.command import inspect
from jetgen.errors import InputError


@pytest.mark.parametrize("layout", ["fixed", "table"])
@pytest.mark.parametrize("labels", ["float", "int", None])
def test_particles_and_labels(lhco_file, lhco_events, layout, labels) -> None:
    path = lhco_file(lhco_events, layout=layout, labels=labels)
    cloud = read(path)
    assert cloud.features == (Feature("pt", "GeV"), Feature("eta"), Feature("phi", "rad"))
    assert cloud.mask.shape == (len(lhco_events), 700)
    expected = torch.from_numpy(lhco_events[:, :2100]).reshape(-1, 700, 3)
    assert torch.equal(cloud.particles, expected)
    assert torch.equal(cloud.mask, expected[..., 0] > 0)
    kinds = {0.0: 6, 1.0: 5} if labels else {0.0: -1, 1.0: -1}
    assert cloud.condition("type").tolist() == [kinds[label] for label in lhco_events[:, 2100]]
    assert torch.equal(LhcoSource(path).types(), cloud.condition("type").long())
    assert len(inspect(path).faults) == 0


@pytest.mark.parametrize("method", [hdf5plugin.Blosc(), hdf5plugin.BZip2(), "gzip"])
def test_compressed_files_are_read(lhco_file, lhco_events, method) -> None:
    plain = read(lhco_file(lhco_events, name="plain.h5"))
    assert torch.equal(read(lhco_file(lhco_events, compression=method)).particles, plain.particles)


def test_a_compression_that_is_not_there_names_the_package(
    lhco_file, lhco_events, monkeypatch
) -> None:
    path = lhco_file(lhco_events, compression=hdf5plugin.Blosc())
    monkeypatch.setattr(h5py.h5z, "filter_avail", lambda code: False)
    with pytest.raises(InputError, match=r"compressed by blosc; pip install 'jetgen\[lhco\]'"):
        read(path)


def test_other_tables_of_pandas_are_not_of_this_format(lhco_file, lhco_events) -> None:
    path = lhco_file(lhco_events[:, :15], labels=None)  # such as the published features
    assert detect(path).name == "pandas HDF5"
    assert read(path).particles.shape == (6, 1, 15)


def test_other_labels_are_refused(lhco_file, lhco_events) -> None:
    lhco_events[3, 2100] = 2
    with pytest.raises(InputError, match="expected the labels 0 and 1 in the last column"):
        read(lhco_file(lhco_events))


def test_rows_are_read_a_few_at_a_time(lhco_file, lhco_events) -> None:
    source = LhcoSource(lhco_file(lhco_events))
    assert np.array_equal(source.read(2, 4).particles[0, 0], lhco_events[2, :3])
    assert len(source.read(2, 4)) == 2
