"""Options of the averaged weights and of flow matching."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.config.option import option


@dataclass(frozen=True)
class FlowMatchingOptions:
    """The average of the weights, and the equation of flow matching."""

    average: float = option(
        0.999,
        at_least=0,
        below=1,
        section="averaging and flow matching",
        help="decay of the averaged weights that generate (gan, flow-matching); 0 for none",
    )
    coupling: Literal["independent", "optimal"] = option(
        "independent",
        help="which noise a particle starts from: any, or by optimal assignment within its jet, "
        "which makes paths straighter (flow-matching)",
    )
    solver: Literal["euler", "midpoint", "heun", "rk4"] = option(
        "midpoint", help="solver of the flow-matching equation (objective and prior)"
    )
    solver_steps: int = option(
        50,
        at_least=1,
        help="equal steps of the solver, with two network evaluations each (four for rk4)",
    )
