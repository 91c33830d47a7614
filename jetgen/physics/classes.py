"""The five jet classes of the LHC jet data sets, in the order of their type index."""

JET_CLASSES = ("gluon", "quark", "w", "z", "top")
"""Type index i stands for ``JET_CLASSES[i]``; the order is that of the JetNet library."""
