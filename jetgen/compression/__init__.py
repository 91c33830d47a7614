"""Compression of jets: the codes of an autoencoder, quantised, and residuals where asked for.

:mod:`~jetgen.compression.coding` turns jets into arrays of small integers and back,
:mod:`~jetgen.compression.packing` turns such arrays into few bytes, and
:mod:`~jetgen.compression.container` is the file that they are streamed to.
"""
