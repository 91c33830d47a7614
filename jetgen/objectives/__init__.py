"""Training objectives: one a file, on the contract of :mod:`jetgen.objectives.base`."""
