"""``jetgen cite RUN``"""

from __future__ import annotations

from jetgen.config.cite import CiteConfig as Config

__all__ = ["Config", "run"]


def run(config: Config) -> None:
    from jetgen.citations import of_run

    print("\n\n".join(citation.bibtex for citation in of_run(config.run)))
