"""``jetgen cluster``: di-jet events from the particles of recorded or simulated collisions."""

from __future__ import annotations

from jetgen.config.cluster import ClusterConfig as Config

__all__ = ["Config", "run"]


def run(config: Config) -> None:
    from jetgen.datasets.event_clustering import cluster_events

    done = cluster_events(config)
    print(
        f"{done.path}: {done.kept:,} of {done.events:,} events kept, "
        f"{done.path.stat().st_size / 1e6:.1f} MB"
    )
    if done.interrupted:
        raise KeyboardInterrupt
