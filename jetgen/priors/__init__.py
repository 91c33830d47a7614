"""Distributions of latent codes and of jet-level quantities.

A prior of codes has ``log_prob(z (B, L), context (B, C)) -> (B,)`` and
``sample(context (B, C), generator) -> (B, L)``.
"""
