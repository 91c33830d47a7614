"""Options of ``jetgen fetch``."""

from __future__ import annotations

from dataclasses import dataclass

from jetgen.config.option import option, validate


@dataclass(frozen=True)
class FetchConfig:
    """Download public jet data sets, and print where they are."""

    names: list[str] = option(
        help="data sets: jetnet30-g (g, q, t, w, z; jetnet150-...), hls4ml100-train (or -val; "
        "hls4ml150-...), qg-pythia-0 ... 19, qg-herwig-0 ... 19 (qg-pythia-withbc-0 ...), lhco-rd "
        "(-v2, -qqq), lhco-blackbox1 ... 3",
        positional=True,
    )
    cache: str = option("", help="folder for the files; $JETGEN_CACHE or the user's cache if empty")
    server: str = option(
        "https://zenodo.org", help="address of the Zenodo records, or of a mirror of them"
    )

    def __post_init__(self) -> None:
        validate(self)
