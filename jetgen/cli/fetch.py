"""``jetgen fetch NAME...``"""

from __future__ import annotations

from jetgen.config.fetch import FetchConfig as Config

__all__ = ["Config", "run"]


def run(config: Config) -> None:
    from jetgen.datasets.download import fetch

    for name in config.names:
        print(fetch(name, cache=config.cache or None, server=config.server))
