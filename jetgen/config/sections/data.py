"""Options of the data of a training."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from jetgen.components import TRANSFORMS
from jetgen.config.option import option
from jetgen.config.reading import (
    allow_option,
    drop_missing_option,
    first_option,
    map_option,
    select_option,
)
from jetgen.kinds import ENTRIES, JETS


def steps_of(text: str) -> list[str]:
    """The names of the steps in ``FEATURE=STEP+STEP``; a feature may have ``=`` in its name."""
    _, equals, steps = text.rpartition("=")
    return steps.split("+") if equals else []


def _representation(config: DataOptions) -> str:
    """The default representation: features if columns are named, else that of jets."""
    kind = ENTRIES if config.columns or config.target else JETS
    return kind.representations[0]


@dataclass(frozen=True)
class DataOptions:
    """Which sets are trained on, and in which form."""

    jet_type: str | None = option(
        None,
        section="data",
        help="only jets of this class (gluon, quark, w, z, top), or of a table only "
        "rows with this number, or class, in its column type",
    )
    classes: list[str] = option(
        [],
        alias="class",
        help="a class of sets as NAME: CONDITION ('mu-minus: pdg == 13 and start_x != 0'), with "
        "conditions as those of `select`; may be given several times. The number of the first "
        "class that a set meets, from 0 on, is its condition `type`; sets of none are left out",
    )
    jets: int | None = option(
        None,
        above=0,
        common=True,
        help="at most this many jets, from each file in proportion to its size",
    )
    map: dict[str, str] = map_option()
    allow: tuple[str, ...] = allow_option()
    select: str | None = select_option()
    drop_missing: bool = drop_missing_option()
    first: bool = first_option()
    particles: int = option(
        150,
        at_least=1,
        below=100_001,
        common=True,
        help="particles kept per jet, leading in pT",
    )
    representation: Literal["relative", "cartesian", "features"] = option(
        None,
        derived=_representation,
        help="relative: etarel, phirel, ptrel of the jet; cartesian: px, py, pz in GeV; features: "
        "named features of sets of any items (muons, di-jets, rows of a table), as in the files "
        "(default: features with `columns` or `target`, otherwise relative)",
    )
    columns: tuple[str, ...] = option(
        (),
        help="the features to train on, NAME,NAME, by their names in the files "
        "(representation='features')",
    )
    target: str | None = option(
        None,
        help="column of a table that is kept with the sets but is no input of the model",
    )
    discrete: tuple[str, ...] = option(
        ("auto",),
        help="columns of named features that take some values again and again, as categories, "
        "small integers, or zero among numbers do: a model predicts the probabilities of these "
        "values (default: auto, those that look so and have no `transform`; none for none)",
    )
    azimuth: str | None = option(
        None,
        help="feature that is an azimuth in rad: each set is rotated so that its first item lies "
        "at zero, and each generated set by a random angle (representation='features')",
    )
    weighted: bool | None = option(
        None,
        help="draw training jets in proportion to event weights; generated jets have weight one "
        "(default: if the data have weights); otherwise every jet has weight one",
    )
    streamed: bool | None = option(
        None,
        help="leave the jets in their files (HDF5, ROOT, Parquet), read them in blocks and shuffle "
        "these in a buffer, for data larger than memory (default: from 512 MiB of jets on)",
    )
    data_workers: int = option(
        0,
        at_least=0,
        below=1025,
        help="processes that read streamed jets while others are trained on",
    )
    transform: list[str] = option(
        [],
        choices=TRANSFORMS,
        names=steps_of,
        help="feature=steps, steps joined by + (ptrel=log+standardise); may be given several "
        "times; other features are standardised",
    )
