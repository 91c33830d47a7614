"""Compression of jets: quantised codes of an autoencoder, optionally with residuals.

:mod:`~jetgen.compression.coding` converts jets to arrays of small integers and back,
:mod:`~jetgen.compression.packing` compresses such arrays to few bytes, and
:mod:`~jetgen.compression.container` defines the file that they are streamed to.
"""
