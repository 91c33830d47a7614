"""Encoders and decoders, one architecture a file, behind one calling convention.

An encoder maps ``(particles (B, N, F), mask (B, N), context (B, C))`` to ``(B, outputs)``; a
decoder maps ``(z (B, L), mask (B, N), context (B, C))`` to particles ``(B, N, F)`` that are zero
where masked. ``F`` are transformed features, ``C`` whatever the objective conditions on.
"""
