"""Jet images: the transverse momentum of jets on a grid around their axes."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.arguments import takes_sets
from jetgen.cloud import ParticleCloud
from jetgen.errors import InputError


@takes_sets
def average_jet_image(
    relative: ParticleCloud, pixels: int = 100, half_width: float = 0.8
) -> Tensor:
    r"""The average share of a jet's pT in each pixel, ``I_ab = <sum_{i in pixel} ptrel_i>``.

    Args:
        relative: jets as ``etarel, phirel, ptrel``; the average uses the event weights. For
            massless particles rapidity and pseudorapidity are the same.
        pixels: number of pixels along each axis.
        half_width: the image covers ``[-half_width, half_width)`` in both axes; particles outside
            are ignored, so that the sum over pixels is the share of pT inside.

    Returns:
        ``(pixels, pixels)`` float64; first index relative rapidity, second relative azimuth.

    Raises:
        InputError: when there is no jet, or the cloud is not relative.
    """
    if not len(relative):
        raise InputError("jet image: expected at least one jet, received none")
    scale = pixels / (2 * half_width)
    row, column = (
        torch.floor((relative.feature(name).double() + half_width) * scale).long()
        for name in ("etarel", "phirel")
    )
    inside = relative.mask
    for index in (row, column):
        inside = inside & (index >= 0) & (index < pixels)
    weights = relative.weights.double().unsqueeze(1) * relative.feature("ptrel").double()
    summed = torch.bincount(
        (row * pixels + column)[inside], weights=weights[inside], minlength=pixels**2
    )
    return summed.reshape(pixels, pixels) / relative.weights.double().sum()
