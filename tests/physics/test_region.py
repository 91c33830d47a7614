"""Regions select what they say, and anything but comparisons is refused unread."""

import pytest
import torch

from jetgen.errors import InputError
from jetgen.physics.region import Region

JETS = {
    "mass": torch.tensor([10.0, 80.0, 120.0, 170.0]),
    "n": torch.tensor([20, 40, 70, 61]),
    "type": torch.tensor([0.0, 3.0, 0.0, 2.0]),
}


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ("mass > 150 and n > 60", [3]),
        ("mass>150 or n<=20", [0, 3]),
        ("60 < mass < 130", [1, 2]),
        ("not (mass < 100)", [2, 3]),
        ("mass > 100 and n > 60 or mass < 20", [0, 2, 3]),
        ("mass > 100 and (n > 60 or mass < 20)", [2, 3]),
        ("type == top", [3]),
        ("type != gluon and mass >= 80", [1, 3]),
        ("n > mass", [0]),
        ("mass > -1e3", [0, 1, 2, 3]),
        ("  n == 70  ", [2]),
    ],
)
def test_a_region_holds_the_jets_that_it_describes(text, selected):
    assert Region(text).select(JETS).nonzero().flatten().tolist() == selected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "mass",
        "mass >",
        "mass > 150 &",
        "mass & n",
        "mass + n > 3",
        "__import__('os').system('true') == 0",
        "mass.real > 1",
        "mass[0] > 1",
        "mass in n",
        "mass > '3'",
        "mass > True",
        "(mass > 3) == (n > 2)",
        "(" * 500 + "mass > 1" + ")" * 500,
        "mass > 1 " + "and mass > 1 " * 200,
    ],
)
def test_anything_else_is_refused_in_one_line(text):
    with pytest.raises(InputError, match="region: expected comparisons") as error:
        Region(text)
    assert "\n" not in str(error.value)


def test_an_unknown_name_lists_the_known_ones():
    with pytest.raises(InputError, match=r"mass, n, type.*'masss'"):
        Region("masss > 3").select(JETS)
    with pytest.raises(InputError, match="'top'"):
        Region("n == top").select({"n": JETS["n"]})
