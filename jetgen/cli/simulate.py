"""``jetgen simulate``: jets from Pythia 8 and FastJet to HDF5."""

from __future__ import annotations

from jetgen.config.simulate import SimulateConfig as Config


def run(config: Config) -> None:
    from jetgen.datasets.simulation import simulate

    done = simulate(config)
    print(
        f"{done.path}: {done.jets:,} {config.jet_type} jets, "
        f"{done.particles / done.jets:.1f} particles a jet, "
        f"{done.path.stat().st_size / 1e6:.1f} MB"
    )
    if done.interrupted:
        raise KeyboardInterrupt
