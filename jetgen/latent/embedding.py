"""Codes embedded in two dimensions so that neighbours stay neighbours."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.errors import InputError

PERPLEXITY = 30.0
"""Approximate number of neighbours of a code that are preserved; of few codes a third of them."""

FEWEST_CODES = 10
"""Smallest number of codes that are laid out."""


def tsne(codes: Tensor, seed: int = 1) -> Tensor:
    """``(B, 2)`` positions of codes ``(B, L)``, without unit: only neighbourhoods have a meaning.

    Reference:
        Visualizing Data using t-SNE (van der Maaten, Hinton, 2008), JMLR 9, 2579.

    Raises:
        InputError: for fewer than :data:`FEWEST_CODES` codes.
    """
    from sklearn.manifold import TSNE

    if len(codes) < FEWEST_CODES:
        raise InputError(
            f"jets: expected at least {FEWEST_CODES} to lay out their codes, received "
            f"{len(codes)}; name files with more by `data`"
        )
    layout = TSNE(perplexity=min(PERPLEXITY, (len(codes) - 1) / 3), init="pca", random_state=seed)
    return torch.from_numpy(layout.fit_transform(codes.double().numpy())).double()
