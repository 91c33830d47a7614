"""One line that describes the sets of a report: process, energy, radius, momenta, numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from jetgen.evaluation.checks import ComparisonInput
from jetgen.metrics.weighted_quantiles import quantiles


def setting_line(checked: ComparisonInput, attributes: Mapping[str, Any]) -> str:
    """The line above every figure; unknown items are omitted.

    Args:
        checked: the sets in the figures.
        attributes: of the file of the simulated sets, as ``jetgen simulate`` writes them.
    """
    noun = checked.real.kind.noun
    options = simulation_options(attributes)
    parts = [_process(attributes, noun.many)]
    if energy := options.get("energy"):
        parts.append(f"√s = {float(energy) / 1000:g} TeV")
    if radius := options.get("radius"):
        parts.append(f"anti-kT R = {float(radius):g}")
    parts.append(_momenta(checked, options))
    parts.append(_numbers(checked))
    return ", ".join(part for part in parts if part)


def simulation_options(attributes: Mapping[str, Any]) -> Mapping[str, Any]:
    """The options of ``jetgen simulate`` in the attributes of a file; empty if there are none."""
    found = attributes.get("config", {})
    if isinstance(found, str):
        found = json.loads(found)
    return found if isinstance(found, Mapping) else {}


def _process(attributes: Mapping[str, Any], many: str) -> str:
    name = str(attributes.get("jet_class") or attributes.get("sample") or "").replace("-", " ")
    versions = attributes.get("versions", {})
    versions = json.loads(versions) if isinstance(versions, str) else versions
    pythia = f"Pythia {versions['pythia8mc']}" if "pythia8mc" in versions else ""
    return " ".join(part for part in (pythia, name, many if name or pythia else "") if part)


def _momenta(checked: ComparisonInput, options: Mapping[str, Any]) -> str:
    low, high = options.get("jet_pt_min"), options.get("jet_pt_max")
    if low is not None and high is not None:
        return f"{float(low):g} < pT < {float(high):g} GeV"
    if not checked.real.kind.momenta or "pt" not in checked.real.observables:
        return ""
    real = checked.real
    low, high = quantiles(real.observables["pt"], (0.01, 0.99), real.weights).tolist()
    return f"pT = {low:.0f} to {high:.0f} GeV (98 %)"


def _numbers(checked: ComparisonInput) -> str:
    many = checked.real.kind.noun.many
    sizes = {len(sets) for sets in checked.samples.values()}
    if sizes == {len(checked.real)}:
        return f"{len(checked.real):,} {many} each"
    each = f"{min(sizes):,}" if len(sizes) == 1 else f"{min(sizes):,} to {max(sizes):,}"
    return f"{len(checked.real):,} {checked.reference} {many}, {each} per sample"
