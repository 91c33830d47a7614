"""``jetgen compress``."""

from __future__ import annotations

from jetgen.config.compress import CompressConfig as Config


def run(config: Config) -> None:
    from jetgen.compression.commands import compress

    done = compress(config)
    names = ", ".join(feature.name for feature in done.features)
    print(
        f"compressed: {done.path}, {done.jets} jets, {done.particles} particles"
        + (f" ({done.dropped} more than the run keeps left out)" if done.dropped else "")
        + f", {done.size / 1e6:.2f} MB, {done.ratio:.1f} times less than {names} in single "
        "precision"
    )


__all__ = ["Config", "run"]
