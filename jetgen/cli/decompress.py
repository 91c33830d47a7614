"""``jetgen decompress``."""

from __future__ import annotations

from jetgen.config.decompress import DecompressConfig as Config


def run(config: Config) -> None:
    from jetgen.compression.commands import decompress

    print(f"decompressed: {decompress(config)}")


__all__ = ["Config", "run"]
