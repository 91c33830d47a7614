"""Mutual information between continuous quantities, or a continuous and a discrete one."""

from __future__ import annotations

import torch
from torch import Tensor

from jetgen.arguments import takes_arrays
from jetgen.errors import InputError

NEIGHBOURS = 3


@takes_arrays
def mutual_information(
    codes: Tensor, values: Tensor, *, discrete: bool = False, seed: int = 1
) -> Tensor:
    r"""``(L,)`` nats, :math:`I = \int p(x, y) \log \frac{p(x, y)}{p(x) p(y)}` per latent dimension.

    Estimated from the distances of nearest neighbours; zero for independent quantities, and
    :math:`-\tfrac12 \log(1 - \rho^2)` for Gaussian ones of correlation :math:`\rho`. Negative
    estimates are set to zero.

    Reference:
        Estimating Mutual Information (Kraskov, Stoegbauer, Grassberger, 2003),
        arXiv:cond-mat/0305641; for discrete values Mutual Information between Discrete and
        Continuous Data Sets (Ross, 2014), PLoS ONE 9(2) e87357.

    Args:
        codes: ``(B, L)`` continuous values.
        values: ``(B,)``.
        discrete: whether ``values`` are class indices.
        seed: seed of the tiny noise that separates equal values.

    Raises:
        InputError: for other shapes, or too few values.
    """
    if codes.ndim != 2 or values.shape != codes.shape[:1]:
        raise InputError(
            "mutual_information: expected codes (B, L) and values (B,), received shapes "
            f"{tuple(codes.shape)} and {tuple(values.shape)}"
        )
    if len(values) <= NEIGHBOURS:
        raise InputError(
            f"mutual_information: expected more than {NEIGHBOURS} values, received {len(values)}; "
            "take more jets"
        )
    from sklearn.feature_selection import mutual_info_classif, mutual_info_regression

    estimate = mutual_info_classif if discrete else mutual_info_regression
    found = estimate(
        codes.double().numpy(), values.numpy(), n_neighbors=NEIGHBOURS, random_state=seed
    )
    return torch.from_numpy(found)
