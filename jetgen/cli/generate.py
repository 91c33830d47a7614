"""``jetgen generate``."""

from __future__ import annotations

from jetgen.config.generate import GenerateConfig as Config


def run(config: Config) -> None:
    from jetgen.generating import generate

    made = generate(config)
    print(f"generated: {made.path}")
    rate = made.jets / made.seconds
    print(f"{made.jets} in {made.seconds:.2f} s, {rate:,.0f} a second, writing included")


__all__ = ["Config", "run"]
