"""Codes laid out in a plane, neighbours beside each other."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.errors import InputError

PERPLEXITY = 30.0
"""About how many neighbours of a code are kept beside it."""


def tsne(codes: Tensor, seed: int = 1) -> Tensor:
    """``(B, 2)`` places of codes ``(B, L)``, which have no unit: only who is near whom counts.

    Reference:
        Visualizing Data using t-SNE (van der Maaten, Hinton, 2008), JMLR 9, 2579.

    Raises:
        InputError: for fewer codes than a neighbourhood holds.
    """
    from sklearn.manifold import TSNE

    if len(codes) <= PERPLEXITY:
        raise InputError(f"t-SNE: expected more than {PERPLEXITY:.0f} jets, received {len(codes)}")
    layout = TSNE(perplexity=PERPLEXITY, init="pca", random_state=seed)
    return torch.from_numpy(layout.fit_transform(codes.double().numpy())).double()
