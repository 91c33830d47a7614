"""Triton kernels for CUDA devices, each beside a plain torch twin that is its specification.

Nothing here is imported before a loss runs on tensors for which
:mod:`jetgen.losses.kernels.selection` chooses Triton.
"""
