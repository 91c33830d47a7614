import pytest

from jetgen.components import PRESETS
from jetgen.config.option import SEEDS
from jetgen.config.simulate import LARGEST_SEED, SimulateConfig
from jetgen.datasets.simulation.workers import CHUNK, chunk_seed, chunk_sizes
from jetgen.errors import InputError
from jetgen.physics.classes import CLASSES, MUON_CLASSES


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"sample": "photon"}, "sample: expected one of gluon, quark"),
        ({"jets": 0}, "jets: expected at least 1"),
        ({"workers": 0}, "workers: expected at least 1"),
        ({"jet_pt_min": 1700.0}, "jet_pt_max: expected more than jet_pt_min=1700"),
        ({"parton_pt_max": 900.0}, "parton_pt_max: expected more than parton_pt_min=990"),
        ({"parton_pt_min": 7000.0, "parton_pt_max": 7100.0}, "parton_pt_min: expected less than"),
        ({"radius": 0.0}, "radius: expected a positive number"),
        ({"min_particle_pt": -1.0}, "min_particle_pt: expected zero or more"),
        ({"max_particles": 0}, "max_particles: expected at least 1"),
        ({"pythia": ["PartonLevel:MPI"]}, 'pythia: expected "Key = value"'),
        ({"pythia": ["Random:seed = 7"]}, "pythia: expected no seed here"),
        ({"tau21": True}, "tau21: expected no value with gluon"),
        ({"sample": "lhco-qcd", "max_particles": 10}, "max_particles: expected no value with"),
        ({"sample": "lhco-qcd", "parton_pt_min": 7000.0}, "parton_pt_min: expected less than half"),
        ({"sample": "lhco-signal", "parton_pt_min": 1000.0}, "parton_pt_min: expected no value"),
        ({"sample": "fixed-target-muons", "radius": 1.0}, "radius: expected no value with"),
        ({"sample": "fixed-target-muons", "detector": True}, "detector: expected no value with"),
        ({"interaction_length": 100.0}, "interaction_length: expected no value with gluon"),
    ],
    ids=str,
)
def test_options_out_of_range_are_refused(wrong, message):
    with pytest.raises(InputError, match=f"^{message}"):
        SimulateConfig(**{"sample": "gluon", "output": "jets.h5", **wrong})


def test_every_sample_has_a_preset_and_its_classes():
    known = tuple(PRESETS)[:-1] + MUON_CLASSES
    assert CLASSES[: len(known)] == known


def test_scales_are_those_of_the_sample_unless_they_are_given():
    scales = SimulateConfig(sample="lhco-qcd", output="events.h5", jet_pt_min=500.0).scales
    assert (scales.radius, scales.jet_pt_min, scales.parton_pt_min) == (1.0, 500.0, 1000.0)
    assert SimulateConfig(sample="gluon", output="jets.h5").scales.jet_pt_min == 800.0


@pytest.mark.parametrize("seed", [0, 1, 2, SEEDS - 1])
def test_chunk_seeds_are_distinct_and_in_range(seed):
    seeds = [chunk_seed(seed, number) for number in range(500)]
    assert len(set(seeds)) == len(seeds) == 500
    assert all(1 <= s <= LARGEST_SEED for s in seeds)


def test_neighbouring_seeds_share_no_chunk_seed():
    one, other = ({chunk_seed(seed, k) for k in range(100)} for seed in (1, 2))
    assert not one & other


@pytest.mark.parametrize("jets", [1, 499, 500, 501, 1700])
def test_chunks_add_up(jets):
    sizes = chunk_sizes(SimulateConfig(sample="gluon", output="jets.h5", jets=jets))
    assert sum(sizes) == jets
    assert set(sizes[:-1]) <= {CHUNK["jets"]} and 0 < sizes[-1] <= CHUNK["jets"]
