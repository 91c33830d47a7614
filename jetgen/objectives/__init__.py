"""Training objectives, one per file; their base class is in :mod:`jetgen.objectives.base`."""
