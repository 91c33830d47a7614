"""Encoders and decoders, one architecture per file, with a common calling convention.

An encoder maps ``(particles (B, N, F), mask (B, N), context (B, C))`` to ``(B, outputs)``; a
decoder maps ``(z (B, L), mask (B, N), context (B, C))`` to particles ``(B, N, F)`` that are zero
where masked. ``F`` is the number of transformed features, ``C`` that of the conditioning variables.
"""
