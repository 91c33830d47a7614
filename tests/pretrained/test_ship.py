"""The maintainers' script that packs and measures a run."""

import json

import pytest

from jetgen.errors import InputError

METRICS = {"w1m", "w1p", "w1efp", "fpd", "kpd"}
"""Those that a hundred jets are enough for."""


@pytest.mark.slow
def test_each_class_is_measured_once(shipped, ship, ship_options, capsys):
    path = ship.ship(ship_options(jets=100))
    card = json.loads(path.read_text(encoding="utf-8"))
    assert set(card["metrics"]) == {"gluon", "top"}
    for measured in card["metrics"].values():
        assert set(measured["metrics"]) == METRICS
        for found in measured["metrics"].values():
            assert set(found) == {"value", "uncertainty", "floor", "floor_spread"}
        assert measured["jets"] == 100 and measured["memorisation"]["training_jets"] > 100
    capsys.readouterr()
    assert ship.ship(ship_options(jets=100)) == path
    assert capsys.readouterr().out.count("measured before") == 2
    assert json.loads(path.read_text(encoding="utf-8")) == card


def test_jets_of_the_training_are_no_test(shipped, ship, ship_options):
    options = ship_options()
    with pytest.raises(InputError, match="test: expected jets that training has not seen"):
        ship.ship(ship_options(test=options.training))


def test_a_simulation_command_names_what_differs_from_the_default(ship):
    made = {"jet_type": "top", "jets": 5, "seed": 2, "mpi": True, "radius": 0.8, "workers": 2}
    made |= {"jet_pt_min": 500.0, "pythia": ["A = b"], "output": "folder/x.h5"}
    assert ship.simulation_command(made, "x.h5") == (
        "jetgen simulate top --jets 5 --seed 2 --jet-pt-min 500.0 --pythia 'A = b' --output x.h5"
    )


def test_options_name_files_without_their_folders(ship):
    assert ship.without_folders("teacher=/a/runs/flow/best.safetensors") == (
        "teacher=best.safetensors"
    )
    assert ship.without_folders("teacher_steps=4") == "teacher_steps=4"
