"""``jetgen generate``."""

from __future__ import annotations

from jetgen.config.generate import GenerateConfig as Config


def run(config: Config) -> None:
    from jetgen.generation import generate

    path = generate(config)
    print(f"generated: {path}")


__all__ = ["Config", "run"]
