"""Codes embedded in two dimensions so that neighbours stay neighbours."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.errors import InputError

PERPLEXITY = 30.0
"""Approximate number of neighbours of a code that are preserved."""


def tsne(codes: Tensor, seed: int = 1) -> Tensor:
    """``(B, 2)`` positions of codes ``(B, L)``, without unit: only neighbourhoods have a meaning.

    Reference:
        Visualizing Data using t-SNE (van der Maaten, Hinton, 2008), JMLR 9, 2579.

    Raises:
        InputError: for at most ``PERPLEXITY`` codes.
    """
    from sklearn.manifold import TSNE

    if len(codes) <= PERPLEXITY:
        raise InputError(f"t-SNE: expected more than {PERPLEXITY:.0f} jets, received {len(codes)}")
    layout = TSNE(perplexity=PERPLEXITY, init="pca", random_state=seed)
    return torch.from_numpy(layout.fit_transform(codes.double().numpy())).double()
