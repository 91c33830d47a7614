"""What ``jetgen evaluate`` prints."""

from __future__ import annotations

from typing import Any

from rich import box
from rich.console import Group
from rich.table import Table
from rich.text import Text

_COLOURS = {"indistinguishable": "green", "close": "yellow", "different": "red"}
_CLASSIFIERS = {
    "trees": "boosted trees",
    "particlenet": "ParticleNet",
    "transformer": "transformer",
}


def table(content: dict[str, Any]) -> Group:
    """The metrics of an evaluation, and a line for each classifier."""
    if content["mode"] == "jetnet":
        return Group(_protocol(content))
    lines = [_merit(name, merit, content["noun"]) for name, merit in content["classifiers"].items()]
    return Group(_floors(content), *lines)


def _merit(name: str, merit: dict[str, Any], noun: str) -> Text:
    telling = ", ".join(f"{name} ({loss:.3f})" for name, loss in merit["telling"][:3])
    return Text(
        f"{_CLASSIFIERS[name]} on {merit['jets']} {noun} of each kind: AUC {merit['auc']:.3f} ± "
        f"{merit['auc_error']:.3f}, reduced chi-squared {merit['chi2']:.1f}, overlap "
        f"{merit['overlap']:.2f}" + (f"; most telling: {telling}" if telling else "")
    )


def _protocol(content: dict[str, Any]) -> Table:
    made = Table(title="metrics by the JetNet library's protocol", box=box.SIMPLE_HEAD)
    made.add_column("metric")
    made.add_column("value", justify="right")
    made.add_column("spread", justify="right")
    for row in content["rows"]:
        made.add_row(row["metric"], f"{row['value']:.4g}", _number(row["spread"]))
    return made


def _floors(content: dict[str, Any]) -> Table:
    jets, noun = content["jets"], content["noun"]
    made = Table(
        title=f"generated {noun} against real ones ({jets} against {jets})",
        caption="floor: real against real; spreads: how far above it, in spreads of the floor",
        box=box.SIMPLE_HEAD,
        padding=(0, 1, 0, 0),
        pad_edge=False,
    )
    made.add_column("metric", no_wrap=True)
    for name in ("value", "floor"):  # which alone are wrapped where space is short
        made.add_column(name, justify="right")
    made.add_column("spreads", justify="right", no_wrap=True)
    made.add_column("verdict", no_wrap=True)
    for row in content["rows"]:
        unit = f" [{row['printed_unit']}]" if row["printed_unit"] else ""
        numbers = [
            _number(row[name] / row["scale"])
            for name in ("value", "uncertainty", "floor", "floor_spread")
        ]
        made.add_row(
            Text(row["metric"] + unit),
            " ± ".join(numbers[:2]),
            " ± ".join(numbers[2:]),
            _spreads(row["spreads_above_floor"]),
            Text(row["verdict"], style=_COLOURS[row["verdict"]]),
        )
    return made


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2g}" if abs(value) < 99.5 else f"{value:.0f}"


def _spreads(above: float | None) -> str:
    if above is None:
        return "∞"
    return f"{above:+.1f}" if above < 9999.5 else f"{above:+.0e}"
