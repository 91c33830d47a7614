"""Triton kernels of observables, for CUDA devices."""
