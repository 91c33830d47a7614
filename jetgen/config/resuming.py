"""Options of commands that make an output in chunks."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from jetgen.config.option import option


def resume_option() -> Any:
    """Option of the commands whose finished chunks are kept until the output is complete."""
    return option(
        False,
        help="go on with an output that was interrupted, after its finished chunks; begin if "
        "there are none",
    )


def dask_option(work: str = "make the chunks") -> Any:
    """Option of the commands whose work can be done by a Dask cluster."""
    return option(
        None,
        help=f"{work} on a Dask cluster: the address of its scheduler (tcp://HOST:PORT) or "
        "its scheduler file, or local[:N] for N processes here; the output does not depend on it",
    )


def described(config: Any) -> dict[str, Any]:
    """The options that an output depends on: all but those that say how it is made."""
    free = ("resume", "workers", "dask")
    return {name: value for name, value in asdict(config).items() if name not in free}
