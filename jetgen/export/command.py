"""``jetgen export``: a one-pass generator as one ONNX file."""

from __future__ import annotations

import io
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from jetgen import __version__
from jetgen.config.export import ExportConfig
from jetgen.datasets.formats.hdf5_writing import require_new
from jetgen.errors import InputError
from jetgen.export.one_pass import PARTICLES, OnePass
from jetgen.extras import require_package
from jetgen.files.whole import sha256, whole_file
from jetgen.runs.blocks import BLOCK
from jetgen.runs.trained_model import TrainedModel, load

TABLE = 10_000
"""Rows of the table of conditions."""

TOLERANCE = 1e-3
"""Largest difference of momentum components between the file and jetgen, in units of the jet pT."""


class Exported(NamedTuple):
    """The written files.

    Args:
        path: the ONNX file.
        table: numbers of particles and conditions of jets, to draw from.
        inputs: names of the inputs with their shapes per jet.
        difference: of momentum components, the largest between jets of the file and of jetgen for
            the same noise, in units of the jet pT.
    """

    path: Path
    table: Path
    inputs: dict[str, tuple[int, ...]]
    difference: float


def export(config: ExportConfig) -> Exported:
    """Write a generator as ONNX, and a table of conditions beside it; compare both with jetgen.

    Raises:
        InputError: for a generator that needs more than one pass, or that ONNX cannot express, when
            the jets differ from those of jetgen, or when a file exists already.
    """
    for package in ("onnx", "onnxscript", "onnxruntime"):
        require_package(package)
    path = Path(config.output)
    table = path.with_suffix(".csv")
    for file in (path, table):
        require_new(file, config.overwrite)
    trained = load(config.run)
    generator = OnePass(trained, config.prior).eval()
    with whole_file(path) as temporary:
        _write(generator, trained, temporary)
        difference = _difference(generator, temporary)
        if not difference < TOLERANCE:
            raise InputError(
                f"{trained.run.name}: expected the same jets of the exported file, received "
                f"momenta that differ by {difference:.2g} of the jet pT; report it, with the run"
            )
    _write_table(generator, table)
    shapes = dict.fromkeys(generator.names, ()) | generator.noise_shapes
    return Exported(path, table, shapes, difference)


def _write(generator: OnePass, trained: TrainedModel, path: Path) -> None:
    """Write the graph.

    Raises:
        InputError: when a network has a step that ONNX cannot express.
    """
    import onnx

    draw = generator.model.draw(3, torch.Generator().manual_seed(1), generator.own)
    example = generator.inputs(draw, torch.Generator().manual_seed(1))
    jets = torch.export.Dim("jets")
    try:
        with _quiet(), torch.no_grad():
            program = torch.onnx.export(
                generator,
                example,
                input_names=generator.names,
                output_names=["momenta", "mask"],
                dynamic_shapes=(tuple({0: jets} for _ in example),),
                dynamo=True,
                verbose=False,
            )
    except Exception as error:
        raise InputError(
            f"{trained.run.name}: expected a network that torch can write as ONNX (decoders epic, "
            f"deepsets, transformer), received the decoder {trained.config.decoder}"
        ) from error
    assert program is not None
    model = program.model_proto
    facts = {
        "jetgen": __version__,
        "model": trained.run.name,
        "checkpoint_sha256": sha256(trained.folder.best),
        "momenta": "px, py, pz in GeV, zero where the mask is false",
    }
    onnx.helper.set_model_props(model, facts)
    for node in (node for graph in (model.graph, *model.functions) for node in graph.node):
        node.ClearField("metadata_props")  # where in which file torch found each step
        node.ClearField("doc_string")
    onnx.save(model, str(path))


def _difference(generator: OnePass, path: Path) -> float:
    """The largest difference of momentum components, in units of the jet pT."""
    import onnxruntime

    source = torch.Generator().manual_seed(2)
    draw = generator.model.draw(BLOCK, source, generator.own)
    inputs = generator.inputs(draw, source)
    wanted = generator.expected(inputs, draw)
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    named = zip(generator.names, inputs, strict=True)
    momenta, _ = session.run(None, {name: values.numpy() for name, values in named})
    found = torch.from_numpy(momenta)
    transverse = wanted.sum(1)[:, :2].norm(dim=1).clamp(min=1e-9)
    apart = (found[:, : wanted.shape[1]] - wanted).abs().amax((1, 2))
    outside = found[:, wanted.shape[1] :].abs().sum()
    return float((apart / transverse).max() + outside)


def _write_table(generator: OnePass, path: Path) -> None:
    """Numbers of particles and conditions of jets as the model draws them, a jet per line."""
    draw = generator.model.draw(TABLE, torch.Generator().manual_seed(3), generator.own)
    columns = [draw.multiplicity, *(draw.conditions[name] for name in generator.conditions)]
    rows = np.stack([column.double().numpy() for column in columns], axis=1)
    header = ",".join([PARTICLES, *generator.conditions])
    with whole_file(path) as temporary:
        np.savetxt(temporary, rows, fmt="%.7g", delimiter=",", header=header, comments="")


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the messages that torch's exporter has for its developers."""
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    nowhere = io.StringIO()
    try:
        with warnings.catch_warnings(), redirect_stdout(nowhere), redirect_stderr(nowhere):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
