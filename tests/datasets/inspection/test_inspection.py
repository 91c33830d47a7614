from __future__ import annotations

import h5py
import numpy as np
import pytest
import torch

from jetgen.cli.main import main
from jetgen.cloud import CARTESIAN_ENERGY, ParticleCloud
from jetgen.datasets.formats.jetgen_hdf5 import JetgenWriter
from jetgen.datasets.inspection.command import Fault, inspect
from jetgen.physics.fourvectors import JET_KINEMATICS


def test_a_sound_file_of_each_format_has_no_faults(
    jetnet_file, hls4ml_file, energyflow_file
) -> None:
    for path in (jetnet_file(), hls4ml_file(kind=np.float32), energyflow_file()):
        assert inspect(path).faults == {}, path


def test_counts_and_ranges_are_those_of_the_file(jetnet_file) -> None:
    path = jetnet_file(jets=50)
    with h5py.File(path) as file:
        particles, jets = file["particle_features"][:], file["jet_features"][:]
    found = inspect(path, chunk=7)
    assert (found.format, found.jets, found.slots) == ("JetNet HDF5", 50, 30)
    assert found.classes == {"gluon": 50}
    real = particles[particles[..., 3] == 1]
    for index, name in enumerate(("etarel", "phirel", "ptrel")):
        extent = found.particles[name]
        assert extent.count == len(real)
        assert (extent.low, extent.high) == (real[:, index].min(), real[:, index].max())
        assert extent.mean == pytest.approx(real[:, index].astype(float).mean())
    assert found.particles["phirel"].unit == "rad"
    assert found.conditions["mass"].high == jets[:, 2].max()
    assert found.conditions["multiplicity"].mean == pytest.approx(jets[:, 3].mean())


def test_means_are_those_of_repeated_jets_and_no_weight_at_all_is_said(tmp_path, capsys) -> None:
    names, rows = "px [GeV],py,pz,weight\n", ("1,2,3,1", "4,5,6,3")
    ranges = []
    for form, lines in (("weighted", rows), ("repeated", (rows[0], *[rows[1]] * 3))):
        path = tmp_path / f"{form}.csv"
        text = names + "\n".join(lines) + "\n"
        if form == "repeated":
            text = "\n".join(line.rpartition(",")[0] for line in text.splitlines())
        path.write_text(text)
        found = inspect(path)
        ranges.append({n: r.mean for n, r in (found.particles | found.conditions).items()})
        assert main(["inspect", str(path)]) == 0
        assert ("weighted mean" in capsys.readouterr().out) == (form == "weighted")
    assert ranges[0] == pytest.approx(ranges[1]) and len(ranges[0]) == 4
    path.write_text(names + "1,2,3,0\n4,5,6,0\n")
    assert inspect(path).doubts == ["all event weights are zero; correct them, or leave them out"]


def test_planted_faults_in_a_jetnet_file(jetnet_file) -> None:
    path = jetnet_file(jets=30)
    with h5py.File(path, "a") as file:
        particles, jets = file["particle_features"][:], file["jet_features"][:]
        particles[:, :4, 3] = 1  # every jet has four particles at least, different in each
        particles[:, :4, 2] = np.arange(1, 121).reshape(30, 4)
        particles[2, 0, 0] = np.nan
        particles[3, 0, 1] = np.inf
        particles[4, 1, :] = 0  # a hole
        particles[5] = 0  # nothing left
        particles[6, 0, 2] = -1
        particles[7, 0, 3] = 0.5
        particles[9] = particles[8]
        particles[21] = particles[8]
        particles[10, 0, 3] = 0  # a hole with values beneath
        jets[:, 3] = (particles[..., 3] != 0).sum(1)
        jets[11, 3] += 1
        jets[12, 0] = -5
        jets[13, 2] = np.nan
        jets[14, 2] = -1
        file["particle_features"][:], file["jet_features"][:] = particles, jets
    for chunk in (10_000, 4):
        assert inspect(path, chunk=chunk).faults == {
            "NaN in a particle": Fault(1, 2),
            "infinity in a particle": Fault(1, 3),
            "a hole in the mask": Fault(2, 4),
            "no particles": Fault(1, 5),
            "a negative particle pT": Fault(1, 6),
            "a mask that is neither 0 nor 1": Fault(1, 7),
            "the same particles as an earlier jet": Fault(2, 9),
            "values where the mask is 0": Fault(1, 10),
            "num_particles that differs from the mask": Fault(1, 11),
            "a jet pT that is not positive": Fault(1, 12),
            "NaN or infinity in a jet-level quantity": Fault(1, 13),
            "a negative jet mass": Fault(1, 14),
        }


def test_planted_faults_in_energies_labels_and_pt(hls4ml_file, energyflow_file) -> None:
    path = hls4ml_file(labels="ggtt", kind=np.float32)
    with h5py.File(path, "a") as file:
        file["jetConstituentList"][1, 0, 3] = -3.0
        file["jetConstituentList"][2, 0, 3] /= 2
        file["jets"][3, 5:10] = 1
    assert inspect(path).faults == {
        "a negative particle energy": Fault(1, 1),
        "a particle with less energy than momentum": Fault(2, 1),
        "more than one class label": Fault(1, 3),
    }
    path = energyflow_file(packed=False)
    with np.load(path) as file:
        particles, labels = file["X"], file["y"]
    particles[7, 0, 0] = -4.0
    np.savez(path, X=particles, y=labels)
    assert inspect(path).faults["a negative particle pT"] == Fault(1, 7)


def test_the_command_prints_what_the_file_says_about_itself(tmp_path, capsys) -> None:
    path = tmp_path / "ours.h5"
    p4 = torch.tensor([3.0, 0.0, 4.0, 5.0]).repeat(2, 2, 1)
    cloud = ParticleCloud(p4, torch.ones(2, 2, dtype=torch.bool), CARTESIAN_ENERGY)
    cloud = cloud.with_conditions(dict(zip(JET_KINEMATICS, torch.ones(4, 2), strict=True)))
    facts = {"command": "jetgen simulate gluon", "seed": 41, "versions": {"pythia": "8.3"}}
    with JetgenWriter(path, attributes=facts) as writer:
        writer.append(cloud)
    assert main(["inspect", str(path)]) == 0
    printed = capsys.readouterr().out
    for text in ("jetgen HDF5", "jetgen simulate gluon", "41", '{"pythia": "8.3"}', "GeV"):
        assert text in printed
    assert "warning: the same particles as an earlier jet in 1 of the jets, first jet 1" in printed


def test_the_command_explains_a_foreign_file_in_one_line(tmp_path, capsys) -> None:
    (tmp_path / "notes.txt").write_text("no jets here")
    assert main(["inspect", str(tmp_path / "notes.txt")]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) == 1
    assert "expected a table with a line of names" in shown.err
