"""``jetgen latent``."""

from __future__ import annotations

from jetgen.config.latent import LatentConfig as Config


def run(config: Config) -> None:
    from jetgen.latent import latent

    page = latent(config)
    print(page.with_name("results.md").read_text(encoding="utf-8"))
    print(f"latent: {page}")


__all__ = ["Config", "run"]
