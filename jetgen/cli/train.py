"""``jetgen train``."""

from __future__ import annotations

from jetgen.config.train import TrainConfig as Config


def run(config: Config) -> None:
    from jetgen.training import train

    folder = train(config)
    print(f"trained: {folder}")


__all__ = ["Config", "run"]
