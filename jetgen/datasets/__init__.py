"""Jets from files, simulation and downloads, and their preparation for training."""

from jetgen.datasets.reading import iter_chunks, read

__all__ = ["iter_chunks", "read"]
