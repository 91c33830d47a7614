"""Jets from files, simulation and the web, and what is done to them before training."""

from jetgen.datasets.reading import iter_chunks, read

__all__ = ["iter_chunks", "read"]
