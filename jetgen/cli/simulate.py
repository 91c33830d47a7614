"""``jetgen simulate``: jets from Pythia 8 and FastJet to HDF5."""

from __future__ import annotations

from jetgen.config.simulate import SimulateConfig as Config
from jetgen.physics.classes import JET_CLASSES


def run(config: Config) -> None:
    from jetgen.datasets.simulation import simulate

    done = simulate(config)
    of, items = ("jets", "particles") if config.sample in JET_CLASSES else ("sets", "items")
    print(
        f"{done.path}: {done.jets:,} {config.sample} {of}, "
        f"{done.particles / done.jets:.1f} {items} each, "
        f"{done.path.stat().st_size / 1e6:.1f} MB"
    )
    if done.interrupted:
        raise KeyboardInterrupt
