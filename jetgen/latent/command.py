"""``jetgen latent``: encode jets or other sets, and measure what their codes contain."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

from jetgen.config.latent import LatentConfig
from jetgen.config.reading import file_options
from jetgen.files.own import require_own
from jetgen.files.progress import named_steps
from jetgen.files.whole import write_text
from jetgen.latent.encoding import encode_sets
from jetgen.latent.page import conclude
from jetgen.latent.predictions import apply
from jetgen.latent.region_model import is_region_model
from jetgen.physics.region import Region
from jetgen.reports.findings_page import write_findings


def latent(config: LatentConfig) -> Path:
    """Write the page for these options; return its path.

    Raises:
        InputError: when the run is not a finished autoencoder, the jets cannot be read or lack an
            observable, the region cannot be parsed or contains too few jets, or there are files
            of others where the results would be.
    """
    if config.save_classifier is not None:
        saved = Path(config.save_classifier)
        require_own(saved.parent, [saved.name], own=is_region_model(saved))
    asked = list(config.colour)
    if config.region is not None:
        asked += Region(config.region).names  # fails for a mistake in it before the work begins
    if config.tail is not None:
        asked.append(config.tail)
    with named_steps("encode and measure") as step:
        found = encode_sets(config.run, config.data, asked, **file_options(config))
        step("draw")
        conclusion = conclude(found, config)
        predicted = None if config.classifier is None else apply(found, Path(config.classifier))
    model, many = found.model, found.measured.kind.noun.many
    folder = Path(config.output) if config.output else model.folder.path / "latent"
    if predicted is not None:
        require_own(folder, ["predictions.csv"])
    page = write_findings(
        folder,
        conclusion,
        title=f"Latent space: {model.folder.path.resolve().name}",
        question=f"What do the codes of {len(found.jets)} {many} contain? {model.title}.",
        facts={
            "Command": [shlex.join(["jetgen", *sys.argv[1:]])],
            many.capitalize(): config.data
            or [f"held-out {many} of {', '.join(model.config.data)}"],
            "Checkpoint": [model.provenance()["checkpoint_sha256"]],
            "Seed": [str(config.seed)],
        },
    )
    if predicted is not None:
        write_text(folder / "predictions.csv", predicted)
    return page
