"""Triton kernels of the losses, for CUDA devices."""
