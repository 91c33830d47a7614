"""Shared code of the Triton kernels, and the choice between Triton and plain torch.

The kernels are in :mod:`jetgen.losses.kernels` and :mod:`jetgen.physics.kernels`, next to the
equivalent torch functions that specify their results. They are imported only when
:mod:`jetgen.kernels.selection` chooses Triton for a tensor.
"""
