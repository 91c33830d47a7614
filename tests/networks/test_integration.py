"""The solvers against equations with a known solution."""

import math

import pytest
import torch

from jetgen.networks.integration import TABLEAUS, function_evaluations, integrate

PROBLEMS = {
    "growth": (lambda x, t: x, lambda x: x * math.e),
    "time": (lambda x, t: torch.full_like(x, 3 * t**2), lambda x: x + 1),
    "both": (lambda x, t: x * math.cos(t), lambda x: x * math.exp(math.sin(1.0))),
}
START = torch.tensor([1.0, -0.5, 2.0], dtype=torch.float64)


@pytest.mark.parametrize("name", TABLEAUS)
@pytest.mark.parametrize("problem", PROBLEMS)
def test_error_falls_with_the_order_of_the_solver(name, problem):
    velocity, solution = PROBLEMS[problem]
    errors = [
        float((integrate(velocity, START, steps=n, solver=name) - solution(START)).abs().max())
        for n in (8, 16)
    ]
    order = TABLEAUS[name].order
    assert errors[1] < 1e-12 or math.log2(errors[0] / errors[1]) > order - 0.3
    assert errors[1] < {1: 0.2, 2: 1e-2, 4: 1e-5}[order]


@pytest.mark.parametrize(
    ("name", "expected"), [("euler", 7), ("midpoint", 14), ("heun", 14), ("rk4", 28)]
)
def test_evaluations_are_counted(name, expected):
    calls = []
    integrate(lambda x, t: calls.append(t) or x, START, steps=7, solver=name)
    assert len(calls) == function_evaluations(7, name) == expected
    assert min(calls) == 0 and max(calls) <= 1
