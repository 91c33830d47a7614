"""The commands as functions: options are keyword arguments, jets are clouds, files or runs.

Every function has the options of its command, by the names of the fields of its option class
(such as :class:`jetgen.TrainConfig`). What the commands do is in
``ROOM/command.py``.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from jetgen.config.option import option_types, typed
from jetgen.config.train import IN_MEMORY, TrainConfig
from jetgen.conversion import takes_map, to_cloud
from jetgen.errors import InputError, did_you_mean
from jetgen.precision import in_single_precision

if TYPE_CHECKING:
    from jetgen.cloud import ParticleCloud
    from jetgen.runs.data import Data

C = TypeVar("C")


@in_single_precision
def simulate(
    sample: str,
    *,
    jets: int = 10_000,
    seed: int = 1,
    output: str | os.PathLike[str] | None = None,
    **options: Any,
) -> ParticleCloud:
    """Jets, or events as sets, from Pythia 8 and FastJet.

    Args:
        sample: class of the jets (``gluon``, ``quark``, ``w``, ``z``, ``top``) or name of a sample.
        jets: how many.
        seed: of the whole simulation.
        output: HDF5 file to keep them in; none is kept when omitted.
        options: the other fields of :class:`~jetgen.config.simulate.SimulateConfig`.

    Returns:
        The sets as :func:`jetgen.read` reads them from such a file.

    Raises:
        InputError: for options that make no sense, or an existing file.
    """
    from tempfile import TemporaryDirectory

    from jetgen.config.simulate import SimulateConfig
    from jetgen.datasets.reading import read
    from jetgen.datasets.simulation.command import simulate

    with TemporaryDirectory() as folder:
        path = Path(folder) / "jets.h5" if output is None else Path(output)
        given = {"sample": sample, "jets": jets, "seed": seed, "output": path, **options}
        return read(simulate(_configured(SimulateConfig, given)).path)


@in_single_precision
def train(
    config: TrainConfig | None = None,
    *,
    data: Any = None,
    preset: str | None = None,
    **options: Any,
) -> Path:
    """Train a generator; return the folder of the run, which :func:`jetgen.load` loads.

    Args:
        config: every option; the defaults when omitted.
        data: the jets to train on: a cloud, an awkward array or a table as
            :func:`jetgen.from_awkward` takes them, an array as :mod:`jetgen.conversion` says, or
            the names of files. The option ``map`` is for all of these that have names. A run that
            was trained on jets passed here records their hash and asks for them again where it
            needs them: ``jetgen.load(run, data=jets)``. With ``resume=True`` they are those of the
            run, wherever they are now.
        preset: name of a recipe that ``jetgen presets`` lists; its options replace those of
            ``config``.
        options: fields of :class:`jetgen.TrainConfig`, which replace those of ``config`` and of the
            preset.

    Raises:
        InputError: for an unknown preset, unusable data or options, or an existing run without
            ``resume=True``.
        TrainingError: when the training diverges; the last good checkpoint is kept.
    """
    from jetgen import configs
    from jetgen.runs.data import to_data
    from jetgen.runs.folder import RunFolder
    from jetgen.training.command import train

    if preset is not None:
        options = {**configs.preset(preset), **options}
    chosen = _configured(TrainConfig, options, config)
    _require_use_of_map(chosen.map, [data])
    folder = RunFolder(chosen.run)
    resumed = chosen.resume and folder.exists() and not chosen.map
    given = to_data(data, (folder.read_config() if resumed else chosen).map)
    if isinstance(given, list):
        return train(replace(chosen, data=given))
    return train(chosen, data=given)


@in_single_precision
def generate(
    run: Any,
    jets: int = 10_000,
    *,
    seed: int = 1,
    output: str | os.PathLike[str] | None = None,
    data: Any = None,
    **options: Any,
) -> ParticleCloud:
    """Jets of a trained generator, in the laboratory: ``px, py, pz`` in GeV.

    Args:
        run: folder of a run, name of a model that ``jetgen models`` lists, a model of
            :func:`jetgen.load`, or several of them, whose sets are
            mixed in the ratios of the event weights they were trained on.
        jets: how many.
        seed: of the jets; those of a smaller number are the first of a larger one.
        output: file to write them to, as ``jetgen generate`` does; none is written when omitted.
        data: with ``region``, what the run was trained on, as for :func:`jetgen.load`.
        options: the other fields of :class:`~jetgen.config.generate.GenerateConfig`; ``fix`` may
            be a mapping, ``fix={"type": "top", "mass": 170}``.

    Raises:
        InputError: when a run is not finished, or has no such prior or condition.
    """
    from jetgen.config.generate import GenerateConfig
    from jetgen.generation.command import generate, generated, loaded
    from jetgen.runs.data import to_data
    from jetgen.runs.trained_model import TrainedModel

    several = list(run) if isinstance(run, Sequence) and not isinstance(run, str) else [run]
    names = [each.run.name if isinstance(each, TrainedModel) else str(each) for each in several]
    output = IN_MEMORY if output is None else output
    given = {"runs": names, "jets": jets, "seed": seed, "output": output, **options}
    passed = to_data(data, _map_of(several, data))
    if isinstance(passed, list):
        given["data"] = passed
    config = _configured(GenerateConfig, given)
    models = [
        each if isinstance(each, TrainedModel) else loaded(config, name, passed)
        for each, name in zip(several, names, strict=True)
    ]
    if output == IN_MEMORY:
        return generated(config, models)
    from jetgen.datasets.reading import read

    return read(generate(config, models).path)


@in_single_precision
def evaluate(
    generated: Any,
    real: Any = None,
    *,
    output: str | os.PathLike[str] | None = None,
    **options: Any,
) -> dict[str, Any]:
    """Every metric of generated jets against real ones, with uncertainty, floor and verdict.

    Args:
        generated: a cloud, an array as :mod:`jetgen.conversion` says, a file, or a run with its
            generated jets.
        real: the same; of a run its held-out jets are taken when omitted.
        output: JSON file to write the result to; only that of an earlier evaluation is replaced.
        options: the other fields of :class:`~jetgen.config.evaluate.EvaluateConfig`.

    Returns:
        ``rows`` (one mapping for each metric), ``classifiers``, ``warnings`` and how they were
        made: the content of the file that ``jetgen evaluate`` writes.

    Raises:
        InputError: when a file cannot be read, or the jets cannot be compared.
    """
    from jetgen.config.evaluate import EvaluateConfig
    from jetgen.evaluation.command import evaluated, require_own_result
    from jetgen.files.whole import write_json

    if output is not None:
        require_own_result(Path(output))
    made, wanted = _generated(generated), _real(generated if real is None else real)
    given = {"generated": _label(made), "real": _label(wanted), "output": output, **options}
    config = _configured(EvaluateConfig, given)
    _require_use_of_map(config.map, [wanted, made])
    content = evaluated(config, _cloud(wanted, config.map), _cloud(made, config.map))
    if output is not None:
        write_json(Path(output), content)
    return content


@in_single_precision
def report(
    generated: Any,
    real: Any = None,
    *,
    output: str | os.PathLike[str] | None = None,
    data: Any = None,
    **options: Any,
) -> Path:
    """Generated jets beside real ones in one HTML page; return its path.

    Args:
        generated: a run with its generated jets, which needs no ``real``; the name of a model that
            comes with jetgen, which makes as many jets as are compared; or a cloud, an array, a
            file; or several of these by name, ``{"flow": cloud, "GAN": "gan.h5"}``.
        real: a cloud, an array, a file, or a run whose held-out jets are taken.
        output: folder to write to; that of the run, or ``NAME-report``, when omitted.
        data: of a run without ``real``, what it was trained on, as for :func:`jetgen.load`.
        options: the other fields of :class:`~jetgen.config.report.ReportConfig`.

    Raises:
        InputError: when a file cannot be read, or the jets cannot be compared.
    """
    from jetgen.config.report import ReportConfig
    from jetgen.reports.command import report

    if real is None:
        given = {"run": _folder(generated), "output": output, **options}
        return report(_configured(ReportConfig, given), data=_data_of([generated], data, options))
    if data is not None:
        raise InputError("data: expected none with `real`, which are the jets to compare with")
    if (name := _shipped(generated)) is not None:
        compared = _real(real)
        given = {"run": name, "real": _label(compared), "output": output, **options}
        config = _configured(ReportConfig, given)
        _require_use_of_map(config.map, [compared])
        passed = _cloud(compared, config.map)
        return report(config, None if passed is None else {IN_MEMORY: passed})
    several = generated if isinstance(generated, Mapping) else {"generated": generated}
    samples = {name: _generated(each) for name, each in several.items()}
    wanted = _real(real)
    names = [_label(each, name) for name, each in samples.items()]
    given = {"real": _label(wanted), "generated": names, "output": output, **options}
    config = _configured(ReportConfig, given)
    _require_use_of_map(config.map, [wanted, *samples.values()])
    sources = {**samples, _label(wanted): wanted}
    found = {name: _cloud(each, config.map) for name, each in sources.items()}
    return report(config, {name: cloud for name, cloud in found.items() if cloud is not None})


@in_single_precision
def compare(
    runs: Sequence[Any], *, output: str | os.PathLike[str], data: Any = None, **options: Any
) -> Path:
    """Trained runs in one table, on the same held-out jets; return the path of ``results.md``.

    Args:
        runs: folders of finished runs, or models of :func:`jetgen.load`.
        output: folder for the table and the report.
        data: what all of them were trained on, as for :func:`jetgen.load`.
        options: the other fields of :class:`~jetgen.config.compare.CompareConfig`.

    Raises:
        InputError: when a run is not finished, or holds out other jets than the first.
    """
    from jetgen.config.compare import CompareConfig
    from jetgen.ranking.command import compare

    given = {"runs": [_folder(run) for run in runs], "output": output, **options}
    return compare(_configured(CompareConfig, given), _data_of(runs, data, options))


def _data_of(runs: Sequence[Any], data: Any, options: Mapping[str, Any]) -> Data | None:
    """What runs were trained on, as it was passed here or to :func:`jetgen.load`."""
    from jetgen.runs.data import to_data
    from jetgen.runs.trained_model import TrainedModel

    if data is not None:
        return to_data(data, options.get("map") or _map_of(runs, data))
    models = [run for run in runs if isinstance(run, TrainedModel)]
    return next((model.given for model in models if model.given is not None), None)


def _map_of(runs: Sequence[Any], data: Any) -> Mapping[str, str]:
    """The map that runs were trained with, for arrays with names of columns."""
    from jetgen.runs.folder import RunFolder

    folders = [folder for run in runs if (folder := _run_of(run)) is not None]
    return RunFolder(folders[0]).read_config().map if folders and takes_map(data) else {}


def _configured(kind: type[C], options: Mapping[str, Any], base: C | None = None) -> C:
    """The options of a command from keyword arguments."""
    hints = option_types(kind)
    names = [field.name for field in fields(kind)]  # type: ignore[arg-type]
    for name in options:
        if name not in names:
            raise InputError(
                f"options: expected those of {kind.__module__}.{kind.__name__}, received {name}"
                f"{did_you_mean(name, names)}; help({kind.__name__}) lists them"
            )
    values = {name: typed(name, value, hints[name]) for name, value in options.items()}
    return kind(**values) if base is None else replace(base, **values)  # type: ignore[type-var]


def _generated(source: Any) -> Any:
    """A cloud, or the path of a file; of a run that of its generated jets."""
    from jetgen.runs.folder import RunFolder

    run = _run_of(source)
    return source if run is None else RunFolder(run).generated_file


def _real(source: Any) -> Any:
    """A cloud, or the path of a file; of a run its held-out jets."""
    from jetgen.runs.trained_model import TrainedModel, load

    run = _run_of(source)
    if run is None:
        return source
    return (source if isinstance(source, TrainedModel) else load(run)).held_out()


def _run_of(source: Any) -> Path | None:
    """The folder where ``source`` is a run."""
    from jetgen.runs.folder import RunFolder
    from jetgen.runs.trained_model import TrainedModel

    if isinstance(source, TrainedModel):
        return source.folder.path
    if isinstance(source, str | os.PathLike) and RunFolder(os.fspath(source)).exists():
        return Path(source)
    return None


def _shipped(source: Any) -> str | None:
    """The name of a model that comes with jetgen, where ``source`` is one or its name."""
    from jetgen.pretrained import shipped_models
    from jetgen.runs.trained_model import TrainedModel

    if isinstance(source, TrainedModel):
        return None if source.run.shipped is None else source.run.name
    named = isinstance(source, str) and _run_of(source) is None
    return source if named and source in shipped_models() else None


def _folder(run: Any) -> str:
    found = _run_of(run)
    return str(run if found is None else found)


def _cloud(source: Any, map: Mapping[str, str] | None = None) -> ParticleCloud | None:
    return None if isinstance(source, str | os.PathLike) else to_cloud(source, map=map)


def _require_use_of_map(map: Mapping[str, str], sources: Sequence[Any]) -> None:
    """Refuse a map where nothing is read by it: without files, and without arrays with names."""
    read = (s is None or isinstance(s, str | os.PathLike | list | tuple) for s in sources)
    if map and not any(read) and not any(takes_map(source) for source in sources):
        raise InputError(
            "map: expected none for jets in memory without names of columns, received "
            f"{dict(map)}; omit it, or name the columns (jetgen.from_numpy, jetgen.from_awkward)"
        )


def _label(source: Any, name: str = IN_MEMORY) -> str:
    return os.fspath(source) if isinstance(source, str | os.PathLike) else name
