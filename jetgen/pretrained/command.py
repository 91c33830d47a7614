"""``jetgen models``: the models that come with jetgen, and the card of one."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from jetgen.config.models import ModelsConfig
from jetgen.errors import InputError, did_you_mean, some
from jetgen.pretrained import Shipped, shipped_models

COLUMNS = ("name", "particles", "passes", "MB", "jets/s", "W1M", "FPD", "AUC")
"""Of the overview: passes are evaluations of the network, W1M and FPD are in 10⁻³."""

WIDTH = 78
"""Letters of a line of a card."""

NAMES = {
    "w1m": ("jet mass / pT, W1M", 1e-3, "[10⁻³]"),
    "w1p": ("particle features, W1P (mean)", 1e-3, "[10⁻³]"),
    "w1efp": ("energy-flow polynomials, W1EFP (mean)", 1e-5, "[10⁻⁵]"),
    "fpd": ("FPD", 1e-3, "[10⁻³]"),
    "kpd": ("KPD", 1e-3, "[10⁻³]"),
    "uncovered": ("1 − COV, share of uncovered jets", 1.0, ""),
    "mmd": ("MMD", 1e-3, "[10⁻³]"),
    "auc_trees": ("AUC of boosted trees", 1.0, ""),
    "auc_particlenet": ("AUC of a ParticleNet", 1.0, ""),
    "auc_transformer": ("AUC of a transformer", 1.0, ""),
}
"""Metrics of a card: what they are in words, and the unit they are printed in."""


def models(config: ModelsConfig) -> str:
    """The overview of all models, or the card of one, as lines of text.

    Raises:
        InputError: for an unknown name, or a damaged card.
    """
    known = shipped_models()
    if config.name is not None:
        if config.name not in known:
            raise InputError(
                f"name: expected one of {some(known, 30)}, received {config.name!r}"
                f"{did_you_mean(config.name, known)}"
            )
        with known[config.name].intact():
            return "\n".join(_card(known[config.name]))
    if not known:
        return "no model comes with this version of jetgen; `jetgen train` makes one"
    rows = [COLUMNS, *map(summary, known.values())]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            cell.rjust(width) if k else cell.ljust(width)
            for k, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    return "\n".join(
        [
            *lines,
            "passes: evaluations of the network per jet; jets/s: of one core; W1M and FPD: in",
            "10⁻³, in brackets their floor, the distance of two simulated samples; AUC: of",
            "the best classifier. `jetgen models NAME` prints all that is known of one;",
            "`jetgen generate NAME` makes jets",
        ]
    )


def summary(model: Shipped) -> tuple[str, ...]:
    """The cells of a model in the overview, in the order of :data:`COLUMNS`.

    Raises:
        InputError: when its card is damaged.
    """
    with model.intact():
        return _cells(model, model.card)


def _cells(model: Shipped, card: Mapping[str, Any]) -> tuple[str, ...]:
    # a model of several classes has figures for each of them
    several = model.jet_type is None and len(card["classes"]) > 1
    measured = {} if several else card["metrics"].get(model.jet_type or card["classes"][0], {})
    metrics = measured.get("metrics", {})
    aucs = [found["value"] for name, found in metrics.items() if name.startswith("auc_")]
    size = sum(file.stat().st_size for file in model.folder.rglob("*") if file.is_file())
    return (
        model.name,
        str(card["particles"]),
        str(card["network_evaluations"]),
        f"{size / 1e6:.1f}",
        f"{card['speed']['jets_per_second']:,.0f}",
        *(_with_floor(metrics.get(name), 1e-3) for name in ("w1m", "fpd")),
        f"{max(aucs):.2f}" if aucs else "",
    )


def _with_floor(found: Mapping[str, float] | None, unit: float) -> str:
    if found is None:
        return ""
    return f"{found['value'] / unit:.3g} ({found['floor'] / unit:.2g})"


def _card(model: Shipped) -> Iterator[str]:
    """The card in words, for the classes that the name stands for."""
    card = model.card
    classes = [model.jet_type] if model.jet_type else card["classes"]
    yield f"{model.name}: {', '.join(classes)} jets of at most {card['particles']} particles"
    yield from _paragraph(f"{card['title']}; {card['parameters']:,} parameters")
    yield ""
    yield from _paragraph(card["intended_use"])
    yield ""
    speed = card["speed"]
    yield from _paragraph(
        f"speed: {speed['jets_per_second']:,.0f} jets per second on one core of "
        f"{speed['processor']}; passes of the network per jet: {card['network_evaluations']}"
    )
    yield from _paragraph(
        "can be fixed, with 99.8 % of the training jets between: "
        + ", ".join(
            f"{name} ({card['ranges'][name][0]:g} to {card['ranges'][name][1]:g})"
            if name in card["ranges"]
            else name
            for name in card["conditions"]
        )
    )
    for jet_type in classes:
        yield ""
        yield from _measured(jet_type, card["metrics"].get(jet_type))
    yield ""
    training = card["training"]
    yield from _paragraph(
        f"trained on {training['jets']:,} jets in {training['epochs']} epochs, "
        f"{training['hours']:g} hours on {training['device']}: {' '.join(training['command'])}"
    )
    for finding in training["health"]:
        yield from _paragraph(finding, "  ", "  ")
    yield "training data:"
    for data in card["data"]:
        made = data.get("simulation") or "not made by jetgen simulate"
        yield f"  {data['name']}: {data['jets']:,} jets"
        yield f"    SHA-256 {data['sha256']}"
        yield f"    {made}"
    for title, key in (("limits:", "limits"), ("not tested for:", "not_tested")):
        yield title
        for text in card[key]:
            yield from _paragraph(text, "  - ", "    ")
    yield "SHA-256 of the weights:"
    yield f"  {card['weights_sha256']}"


def _measured(jet_type: str, measured: Mapping[str, Any] | None) -> Iterator[str]:
    if measured is None:
        yield f"{jet_type}: not measured"
        return
    yield from _paragraph(
        f"{jet_type}: {measured['jets']:,} jets against as many of {', '.join(measured['test'])}"
    )
    for name, (words, unit, printed) in NAMES.items():
        found = measured["metrics"].get(name)
        if found is None:
            continue
        value, error, floor = (
            f"{found[key] / unit:.3g}" for key in ("value", "uncertainty", "floor")
        )
        yield f"  {f'{words} {printed}'.strip():<44} {value:>7} ± {error}, floor {floor}"
    if "memorisation" in measured:
        yield from _paragraph(f"copies: {measured['memorisation']['text']}", "  ", "  ")


def _paragraph(text: str, first: str = "", later: str = "") -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent=first, subsequent_indent=later, break_on_hyphens=False
    )
