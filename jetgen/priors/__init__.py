"""Distributions of latent codes, one per file, and of jet-level quantities."""
