"""Pack a finished run into jetgen/pretrained/NAME, measure it, and write its card (maintainers).

The packed folder is a run without what only training needs: the averaged weights, the prior, and
at most 100,000 training jets' conditions and numbers of particles; of files and commands the names
without their folders. The jets of TEST must not have been used in training or selection. Classes
that were measured before with the same weights, jets and options are not measured again, so that
an interrupted measurement can go on.

    python benchmarks/ship.py runs/vae30 jets30 --test test/*.h5 --training train/*.h5

A NAME that begins with ``jets`` stands for all classes of the run: jets30-flow is also found as
gluon30-flow, top30-flow and so on.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import math
import platform
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
import yaml

from jetgen import pretrained
from jetgen.classifiers.figure_of_merit import auc_standard_error
from jetgen.cloud import ParticleCloud
from jetgen.components import OBJECTIVES, PRESETS
from jetgen.config.evaluate import EvaluateConfig
from jetgen.config.simulate import SimulateConfig
from jetgen.config.train import IN_MEMORY, MULTIPLICITY
from jetgen.datasets.choosing import drawn_rows
from jetgen.datasets.detection import find_files, open_source
from jetgen.errors import InputError
from jetgen.evaluation.command import evaluated
from jetgen.evaluation.memorised import memorisation_records
from jetgen.files.checkpoint import Checkpoint
from jetgen.files.versions import CONFIG_FORMAT, VERSION_KEY
from jetgen.files.whole import sha256, write_json, write_text
from jetgen.metrics.memorisation import memorisation
from jetgen.physics.classes import class_index, class_name
from jetgen.runs.blocks import BLOCK
from jetgen.runs.folder import RunFolder
from jetgen.runs.health import read_health
from jetgen.runs.trained_model import TrainedModel, load

KEPT_JETS = 100_000
"""Training jets whose conditions and numbers of particles are kept, to draw from."""

METRICS = {
    "w1m": "relative_mass",
    "w1p": "particle_mean",
    "w1efp": "w1efp",
    "fpd": "fpd",
    "kpd": "kpd",
    "uncovered": "uncovered",
    "mmd": "mmd",
}
"""Names of metrics in the card, and in the tables of jetgen evaluate."""

SECONDS = 10.0
"""Processor time of the measurement of the speed, at least."""

LIMITS = [
    "The jets are those of Pythia 8 with its standard tune. Other generators, tunes and detectors "
    "give other jets.",
    "Particles are massless, have no charge or type, and are the leading ones of a jet in pT.",
    "Jets are independent of each other: there are no events, no pile-up and no event weights.",
    "A generator holds no more information than its training jets. Statistical errors of many "
    "generated jets do not fall below those of the training jets.",
]

NOT_TESTED = [
    "jets with pT or mass outside the range of the training jets",
    "agreement with measured data",
    "training of a classifier that is then applied to measured data",
    "rare jets, below about one in a thousand",
]


def pack(run: Path, name: str) -> Path:
    """Write the folder of a model without its card; return it.

    Raises:
        InputError: for an unfinished run, or data that cannot be named.
    """
    source, target = RunFolder(run), RunFolder(pretrained.FOLDER / name)
    checkpoint, config = source.load_model(), source.read_config()
    if config.data == [IN_MEMORY]:
        raise InputError(f"{run}: expected a run trained on files, received one on jets in memory")
    tensors = checkpoint.part("model") | checkpoint.part("average")
    removed = [
        part
        for part in OBJECTIVES[config.objective].training_parts
        if any(tensor.startswith(f"{part}.") for tensor in tensors)
    ]
    kept = drawn_rows(checkpoint.state["data"]["jets"], KEPT_JETS, seed=1)
    numbers = tensors["jets.multiplicity"][kept]
    tensors |= {
        "jets.multiplicity": numbers.to(torch.int16 if int(numbers.max()) > 255 else torch.uint8),
        "jets.conditions": tensors["jets.conditions"][kept],
    }
    Checkpoint(
        {
            f"model.{key}": tensor
            for key, tensor in tensors.items()
            if key.partition(".")[0] not in removed
        },
        {
            "finished": True,
            "data": {**checkpoint.state["data"], "jets": len(kept)},
            "removed": removed,
        },
    ).save(target.best)
    target.best.chmod(0o644)  # safetensors writes for the owner alone
    options = dataclasses.asdict(config) | {
        "run": name,
        "data": _names(config.data),
        "objective_option": [without_folders(option) for option in config.objective_option],
    }
    write_text(
        target.config_file, yaml.safe_dump({VERSION_KEY: CONFIG_FORMAT, **options}, sort_keys=False)
    )
    write_json(target.environment_file, _environment(source))
    return target.path


def _environment(source: RunFolder) -> dict[str, Any]:
    """What the run notes about its training, without folders of the machine."""
    environment = source.read_environment()
    hashes = environment["data"]
    names = dict(zip(hashes, _names(hashes), strict=True))
    files = [
        {key: file[key] for key in ("bytes", "format", "command")} | {"name": names[file["name"]]}
        for file in environment["files"]
    ]
    return {
        **environment,
        "command": [Path(word).name if "/" in word else word for word in environment["command"]],
        "data": {names[path]: digest for path, digest in hashes.items()},
        "files": files,
    }


def without_folders(option: str) -> str:
    """An option NAME=VALUE, with only the name of a file for its path (a student's teacher)."""
    name, equals, value = option.partition("=")
    return f"{name}{equals}{Path(value).name}"


def _names(paths: Sequence[str] | Mapping[str, Any]) -> list[str]:
    """The names of files.

    Raises:
        InputError: when two files have the same name.
    """
    names = [Path(path).name for path in paths]
    if len(set(names)) < len(names):
        raise InputError(f"data: expected files with different names, received {', '.join(paths)}")
    return names


def card(model: TrainedModel, run: Path, data: Sequence[Path], limits: Sequence[str]) -> dict:
    """What is known about a packed model before it is measured.

    Args:
        model: the packed model.
        run: the run that it was made of.
        data: the files of its training.
        limits: further limits.
    """
    config, objective = model.config, model.model
    classes = _classes(model)
    known = {name: values.double() for name, values in objective.jets.known().items()}
    ranges = {
        name: [
            float(f"{float(v):.4g}") for v in values.quantile(torch.tensor([0.001, 0.999]).double())
        ]
        for name, values in known.items()
        if name != "type"
    }
    of = " and ".join([", ".join(classes[:-1]), classes[-1]]) if len(classes) > 1 else classes[0]
    low, high = ranges.get("pt", (math.nan, math.nan))
    fixed = list(known)
    if config.multiplicity == "latent":
        fixed.remove(MULTIPLICITY)
    rows = RunFolder(run).read_metrics()
    return {
        "title": model.title,
        "classes": classes,
        "particles": config.particles,
        "conditions": fixed,
        "ranges": ranges,
        "network_evaluations": objective.evaluations,
        "prior_evaluations": objective.prior_evaluations(config.prior),
        "parameters": sum(parameter.numel() for parameter in objective.parameters()),
        "weights_sha256": sha256(model.folder.best),
        "intended_use": (
            f"Fast {of} jets of proton collisions at 13 TeV with pT of about {low:.0f} to "
            f"{high:.0f} GeV and at most {config.particles} particles, for tests of analysis code, "
            "for studies of jet substructure and as a reference for other generators."
        ),
        "limits": [*LIMITS, *limits],
        "not_tested": NOT_TESTED,
        "training": {
            "jets": model.training_size,
            "jets_kept_for_conditions": objective.layout.jets,
            "epochs": len(rows),
            "hours": _hours(run),
            "health": [str(finding) for finding in read_health(RunFolder(run).health_file)],
            **{
                key: model.environment.get(key)
                for key in ("command", "seed", "device", "threads", "git_revision", "split")
            },
            "libraries": model.environment["libraries"],
        },
        "data": [_simulated(path) for path in data],
        "metrics": {},
    }


def _classes(model: TrainedModel) -> list[str]:
    classes = [class_name(index) for index in model.model.layout.classes]
    if classes:
        return classes
    if model.config.jet_type is None:
        raise InputError(
            f"{model.folder.path}: expected a run with the class of its jets, received none; train "
            "with jet_type=CLASS or condition='type'"
        )
    return [class_name(class_index(model.config.jet_type))]


def _hours(run: Path) -> float:
    """Training time in hours."""
    return round(RunFolder(run).load_model().state["elapsed"] / 3600, 2)


def _simulated(path: Path) -> dict[str, Any]:
    """A file of training jets: name, size, hash and the command that made it."""
    source = open_source(path)
    attributes = source.attributes
    found = {"name": path.name, "jets": len(source), "sha256": sha256(path)}
    source.close()
    if attributes.get("command") == "simulate":
        found["seed"] = attributes.get("seed")
        found["simulation"] = simulation_command(attributes.get("config", {}), path.name)
        found["versions"] = attributes.get("versions")
    return found


def simulation_command(made: Mapping[str, Any], output: str) -> str | None:
    """The command for which jetgen simulate noted these options; only those that matter."""
    sample = made.get("sample", made.get("jet_type"))
    if sample is None:
        return None
    scales = PRESETS[sample].scales._asdict()
    words = ["jetgen", "simulate", sample]
    for field in dataclasses.fields(SimulateConfig):
        name, value = field.name, made.get(field.name)
        usual = scales.get(name, field.default)
        if name in ("sample", "output", "workers", "overwrite", "resume") or value is None:
            continue
        if name in ("jets", "seed") or value not in (usual, []):
            flag = f"--{name.replace('_', '-')}"
            values = value if isinstance(value, list) else [value]
            words += [word for each in values for word in (flag, str(each))]
    return shlex.join([*words, "--output", output])


def speed(model: TrainedModel) -> dict[str, Any]:
    """Jets per second of one processor core, by its time for this process; without writing."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    model.generate(BLOCK)
    made, start = 0, time.process_time()
    for block in model.generated_blocks(10**9, seed=2):
        made += len(block)
        seconds = time.process_time() - start
        if seconds > SECONDS:
            break
    torch.set_num_threads(threads)
    return {
        "jets_per_second": round(made / seconds, 1),
        "processor": _processor(),
        "torch": torch.__version__,
    }


def _processor() -> str:
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def measure(
    model: TrainedModel, test: Sequence[Path], training: ParticleCloud, options: argparse.Namespace
) -> dict[str, Any]:
    """Metrics of jets of one class with floors, classifiers, and the check for copies."""
    real = model.comparable([str(path) for path in test], jets=options.jets)
    made = model.generate(len(real), seed=2)
    config = EvaluateConfig(
        generated="generated", real="real", jets=options.jets, classifier=options.classifier
    )
    content = evaluated(config, real, made)
    rows = {row["metric"]: row for row in content["rows"]}
    found = {
        short: {key: rows[name][key] for key in ("value", "uncertainty", "floor", "floor_spread")}
        for short, name in METRICS.items()
        if name in rows
    }
    tested = len(real) - len(real) // 2
    for name, merit in content["classifiers"].items():
        found[f"auc_{name}"] = {
            "value": merit["auc"],
            "uncertainty": merit["auc_error"],
            "floor": 0.5,
            "floor_spread": auc_standard_error(0.5, tested, tested),
        }
    copies = {"generated": memorisation(made, real, training, seed=options.seed)}
    return {
        "jets": content["jets"],
        "metrics": found,
        "verdict": content["headlines"]["generated"]["text"],
        "warnings": content["warnings"],
        "memorisation": memorisation_records(copies)["generated"],
    }


def _by_class(
    name: str, classes: Sequence[str], jets: ParticleCloud
) -> Iterator[tuple[str, TrainedModel, ParticleCloud]]:
    """Each class with the packed model that makes it, and its training jets."""
    several = name.startswith(pretrained.ALL)
    for jet_type in classes:
        model = load(name.replace(pretrained.ALL, jet_type, 1) if several else name)
        chosen = jets.condition("type") == class_index(jet_type)
        yield jet_type, model, jets[chosen] if several else jets


def describe(options: argparse.Namespace) -> tuple[Path, dict[str, Any]]:
    """Pack a run and write its card; return its path and content.

    Figures of an earlier card with the same weights are kept; without its ``speed`` this is
    measured again.
    """
    path = pretrained.FOLDER / options.name / "card.json"
    before = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    model = load(pack(options.run, options.name))
    data = RunFolder(options.run).data_files(options.training)
    content = card(model, options.run, data, options.limit)
    if before.get("weights_sha256") == content["weights_sha256"]:
        content |= {key: before[key] for key in ("metrics", "speed") if key in before}
    if "speed" not in content:
        content["speed"] = speed(model)
    write_json(path, content)
    return path, content


def ship(options: argparse.Namespace) -> Path:
    """Pack, describe and measure; return the path of the card."""
    test = find_files(options.test)
    known = set(RunFolder(options.run).read_environment()["data"].values())
    again = [path.name for path in test if sha256(path) in known]
    if again:
        raise InputError(f"test: expected jets that training has not seen, received {again[0]}")
    path, content = describe(options)
    training = load(options.run, data=options.training).training_jets()
    for jet_type, model, jets in _by_class(options.name, content["classes"], training):
        former = content["metrics"].get(jet_type, {})
        asked = {"test": {path.name: sha256(path) for path in test}, "asked_jets": options.jets}
        if asked.items() <= former.items():
            print(f"{jet_type}: measured before")
            continue
        content["metrics"][jet_type] = asked | measure(model, test, jets, options)
        write_json(path, content)
        print(f"{jet_type}: {content['metrics'][jet_type]['verdict']}")
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("run", type=Path, help="folder of the finished run")
    parser.add_argument("name", help="of the model, such as jets30, jets150-flow or gluon30")
    parser.add_argument("--test", nargs="+", required=True, help="files of unused jets")
    parser.add_argument("--training", nargs="+", required=True, help="files of the training")
    parser.add_argument("--jets", type=int, default=50_000, help="jets per class and side")
    parser.add_argument("--classifier", nargs="+", default=["trees"], help="trees, particlenet")
    parser.add_argument("--limit", action="append", default=[], help="a further limit, in words")
    parser.add_argument("--seed", type=int, default=42, help="of the test for copies")
    print(ship(parser.parse_args()))


if __name__ == "__main__":
    main()
