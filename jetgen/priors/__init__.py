"""Distributions of latent codes, one a file, on the contract of :mod:`jetgen.priors.base`; and
of jet-level quantities."""
