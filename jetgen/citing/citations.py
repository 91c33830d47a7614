"""The works to cite for a model, the data it was trained on, and its evaluation."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from jetgen.citing.bibliography import (
    ACTIVE_UNITS,
    ANGULARITIES,
    ANTI_KT,
    BY_KEY,
    CORRELATORS,
    DIJET_GAN,
    FASTJET,
    FASTJET_SPEED,
    JETGEN,
    LHC_OLYMPICS,
    MESSAGE_PASSING,
    MUON,
    POWER_COUNTING,
    PYTHIA,
    SOFT_DROP,
    SUBJETTINESS,
    Citation,
    Work,
)
from jetgen.components import FORMATS, OBJECTIVES
from jetgen.config.option import named_components
from jetgen.config.train import IN_MEMORY, TrainConfig
from jetgen.datasets.detection import Paths, detect, find_files, open_source
from jetgen.datasets.formats.source import Format
from jetgen.errors import InputError, InputWarning
from jetgen.kinds import JETS, Kind
from jetgen.runs.folder import RunFolder
from jetgen.runs.named import named

_REASONS = {"objective": "the objective {name}", "constraint": "the {name} term of the loss"}


def of_training(config: TrainConfig) -> list[Citation]:
    """jetgen, and the works on the objective, networks, losses and prior of a training."""
    found = [Citation(JETGEN, "this program")]
    used = {"objective", *OBJECTIVES[config.objective].parts(config)}
    for option, registry, name in named_components(config):
        if option not in used:
            continue
        component = registry[name]
        reason = _REASONS.get(option, "the {name} {option}").format(name=name, option=option)
        found += _cited(component.works, reason)
        for reason, works in component.further_works(config).items():
            found += _cited(works, reason)
    if config.optimiser == "muon":
        found += _cited((MUON,), "the optimiser")
    if config.azimuth is not None:
        found += _cited((DIJET_GAN,), "events rotated in azimuth")
    return merged(found)


def of_run(folder: str | Path, files: Paths | None = None) -> list[Citation]:
    """The works behind a run's training and its data, which need not be there any more.

    Args:
        folder: of the run, or the name of a model that comes with jetgen.
        files: its data, for runs of jetgen 0.1 and 0.2; where their options name them by default.

    Raises:
        InputError: when the folder holds no run.

    Warns:
        InputWarning: when the works behind the data cannot be found out.
    """
    run = named(folder).folder
    config = run.read_config()
    found = of_training(config)
    if config.data != [IN_MEMORY]:
        try:
            found += _of_data_of(run, config.data if files is None else files)
        except InputError as error:
            warnings.warn(
                f"{run.path}: the works behind its data are left out; {error}",
                InputWarning,
                stacklevel=2,
            )
    return merged(found)


def _of_data_of(run: RunFolder, files: Paths) -> list[Citation]:
    """The works behind the data of a run, from its notes or else from the files."""
    places = run.places() if run.environment_file.exists() else []
    formats = {form.name: form for form in FORMATS.values()}
    if not all(place.format in formats for place in places):
        places = []
    if not places:
        return of_files(files)
    found: list[Citation] = []
    for place in places:
        found += of_data(formats[str(place.format)], {"command": place.command})
    return found


def of_files(paths: Paths) -> list[Citation]:
    """The works behind files of jets, from their formats and attributes.

    Raises:
        InputError: when a file is missing, damaged, or of no known format.
    """
    found: list[Citation] = []
    for path in find_files(paths):
        found += of_data(detect(path), open_source(path).attributes)
    return merged(found)


def of_data(form: Format, attributes: Mapping[str, Any]) -> list[Citation]:
    """The works behind jets of this format, with these attributes of the file."""
    found = _cited(form.works, f"the published data in the format {form.name}, if used")
    command = attributes.get("command")
    if command == "simulate":
        found += _cited((PYTHIA,), "simulation of the jets")
    if command == "cluster":
        found += _cited((LHC_OLYMPICS,), "the events that were clustered")
    if command in ("simulate", "cluster"):
        found += _cited((FASTJET, FASTJET_SPEED, ANTI_KT), "clustering of the jets")
    return found


def of_jet_report() -> list[Citation]:
    """The works on the observables and distances in a report of jets."""
    return [
        *_cited((MESSAGE_PASSING,), "the distances W1M and W1P"),
        *_cited((ANGULARITIES,), "angularities"),
        *_cited((CORRELATORS, POWER_COUNTING), "C2 and D2"),
        *_cited((SUBJETTINESS,), "tau21 and tau32"),
        *_cited((SOFT_DROP,), "soft-drop mass"),
        *_cited((FASTJET, FASTJET_SPEED), "N-subjettiness and soft drop"),
    ]


def of_report(kind: Kind = JETS, *, latent: bool) -> list[Citation]:
    """The works on the numbers and figures of a report; most apply to jets only."""
    found = list(kind.report_works())
    if latent:
        found += _cited((ACTIVE_UNITS,), "active latent dimensions")
    return found


def merged(citations: Iterable[Citation]) -> list[Citation]:
    """Each work once, in order of first appearance, with all its reasons."""
    reasons: dict[Work, list[str]] = {}
    for work, reason in citations:
        known = reasons.setdefault(work, [])
        if reason not in known:
            known.append(reason)
    return [Citation(work, "; ".join(found)) for work, found in reasons.items()]


def _cited(works: Iterable[Work | str], reason: str) -> list[Citation]:
    return [Citation(BY_KEY[w] if isinstance(w, str) else w, reason) for w in works]
