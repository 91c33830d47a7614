"""Options of ``jetgen inspect``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option


@dataclass(frozen=True)
class InspectConfig:
    """Show what files hold, and what is unusual in them."""

    files: list[str] = option(help="files, folders or glob patterns", positional=True)
    map: dict[str, str] = option(
        {},
        help="which columns hold the momenta, where their names do not say it: "
        "px=part_px,py=part_py,pz=part_pz,unit=MeV (docs/own-data.md lists all that can be mapped)",
    )
