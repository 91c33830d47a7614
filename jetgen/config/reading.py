"""The options of every command that reads jets from files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, TypedDict

from jetgen.config.option import option, require

MAP_HELP = (
    "which columns of files hold the momenta, where their names do not say it: "
    "px=part_px,py=part_py,pz=part_pz,unit=MeV; set=jet_id for tables with one particle per row, "
    "tree=Events for a ROOT file with several trees "
    "(docs/own-data.md lists all that can be mapped)"
)

ALLOW_HELP = (
    "odd jets that are taken as they are: mask, negative-pt, energy (refused otherwise), holes, "
    "mass-shell, num-particles, jet-mass, jet-pt (warned of otherwise)"
)

FIRST_HELP = "take the first `jets` of each file instead of drawing them at random by `seed`"

SELECT_HELP = (
    "of the real sets keep those that meet this condition on columns or observables, such as "
    "'mass > 150' or '\"ne(m-3)\" > 5 and abs(a - b) < 1'; a warning has the number of others"
)

DROP_MISSING_HELP = (
    "leave out real sets with a missing value (NaN, an empty entry) in a column that is used; a "
    "warning has their number"
)


class FileOptions(TypedDict, total=False):
    """How files are read, and how many of their jets: arguments of :func:`jetgen.read`."""

    map: Mapping[str, str] | None
    allow: Sequence[str]
    select: str | None
    drop_missing: bool
    jets: int | None
    seed: int
    first: bool


def file_options(config: Any) -> FileOptions:
    """Of a command that has all of these options: those for real sets."""
    return {
        "map": config.map,
        "allow": config.allow,
        "select": config.select,
        "drop_missing": config.drop_missing,
        "jets": config.jets,
        "seed": config.seed,
        "first": config.first,
    }


def generated_options(config: Any, map: Mapping[str, str]) -> FileOptions:
    """Those for generated sets, of which none is left out, with the map of their file."""
    return {**file_options(config), "map": map, "select": None, "drop_missing": False}


def map_option() -> Any:
    """The columns that contain the momenta: the argument ``map`` of :func:`jetgen.read`."""
    return option({}, help=MAP_HELP)


def allow_option() -> Any:
    """Anomalies to accept: the argument ``allow`` of :func:`jetgen.read`."""
    return option((), help=ALLOW_HELP)


def first_option() -> Any:
    """Whether the first jets are taken: the argument ``first`` of :func:`jetgen.read`."""
    return option(False, help=FIRST_HELP)


def select_option() -> Any:
    """A condition on sets: the argument ``select`` of :func:`jetgen.read`."""
    return option(None, help=SELECT_HELP)


def drop_missing_option() -> Any:
    """Whether NaN leaves a set out: the argument ``drop_missing`` of :func:`jetgen.read`."""
    return option(False, help=DROP_MISSING_HELP)


def require_data(config: Any, *further: str) -> None:
    """Refuse how files are read without ``data``, the files.

    Raises:
        InputError: by the name of the option.
    """
    for name in ("map", "allow", *further):
        given = getattr(config, name)
        require(bool(config.data) or not given, name, "none without `data`", given)
