"""What Triton kernels share, and the choice between them and plain torch.

The kernels stand beside the torch twins that are their specification, in
:mod:`jetgen.losses.kernels` and :mod:`jetgen.physics.kernels`. None is imported before something
runs on tensors for which :mod:`jetgen.kernels.selection` chooses Triton.
"""
