"""A saved classifier of a region in latent space, and a tail of two regressors that it switches.

All models are linear in the standardised codes, their squares and their products, so that they can
be fitted to few sets, find curved regions, and are stored as plain numbers.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from jetgen.classifiers.figure_of_merit import area_under_roc, auc_standard_error
from jetgen.classifiers.region_search import FEWEST, FOLDS
from jetgen.errors import InputError
from jetgen.files.checkpoint import Checkpoint

KIND = "classifier of a latent region"
"""What the file says that it holds."""


class Tail(NamedTuple):
    """Two linear models ``(1 + Q,)`` of a column, constant first: inside and outside a region."""

    column: str
    inside: Tensor
    outside: Tensor


class RegionModel(NamedTuple):
    """The probability that a set lies in a region, and a column of it, from its code.

    Args:
        region: the condition that defines the region.
        checkpoint: SHA-256 of the weights of the autoencoder.
        centre, width: ``(L,)`` mean and standard deviation of the codes it was fitted to.
        weights: ``(1 + Q,)`` of the logit, constant first.
        tail: the regressors, if a column was named.
    """

    region: str
    checkpoint: str
    centre: Tensor
    width: Tensor
    weights: Tensor
    tail: Tail | None = None

    def probability(self, codes: Tensor) -> Tensor:
        """``(B,)`` for codes ``(B, L)``, with the share of the fitted sets that are inside."""
        return (self._terms(codes) @ self.weights).sigmoid()

    def predict(self, codes: Tensor) -> Tensor:
        """``(B,)`` values of the tail's column: by the regressor of the more probable side.

        Raises:
            InputError: when there is no tail.
        """
        if self.tail is None:
            raise InputError("tail: expected a classifier that was saved with `tail`, found none")
        terms = self._terms(codes)
        inside = self.probability(codes) > 0.5
        return torch.where(inside, terms @ self.tail.inside, terms @ self.tail.outside)

    def save(self, path: Path) -> None:
        """Write the model as tensors with their names."""
        tensors = {name: getattr(self, name) for name in ("centre", "width", "weights")}
        state = {"kind": KIND, "region": self.region, "checkpoint": self.checkpoint}
        if self.tail is not None:
            tensors |= {"inside": self.tail.inside, "outside": self.tail.outside}
            state["tail"] = self.tail.column
        Checkpoint(tensors, state).save(path)

    @classmethod
    def load(cls, path: Path, checkpoint: str) -> RegionModel:
        """Read a model for the autoencoder with these weights.

        Raises:
            InputError: when the file is no such model, or that of another autoencoder.
        """
        found = Checkpoint.load(path)
        state, tensors = found.state, found.tensors
        if state.get("kind") != KIND:
            raise InputError(
                f"{path}: expected a file of `save_classifier`, received another checkpoint"
            )
        try:
            tail = None
            if "tail" in state:
                tail = Tail(state["tail"], tensors["inside"], tensors["outside"])
            model = cls(
                state["region"],
                state["checkpoint"],
                tensors["centre"],
                tensors["width"],
                tensors["weights"],
                tail,
            )
        except KeyError as error:
            raise InputError(f"{path}: expected {error} in it, found none") from error
        if model.checkpoint != checkpoint:
            raise InputError(
                f"{path}: expected a classifier of the codes of this run (weights "
                f"{checkpoint[:12]}), received one of others ({model.checkpoint[:12]})"
            )
        return model

    def _terms(self, codes: Tensor) -> Tensor:
        return quadratic((codes.double() - self.centre) / self.width)


def is_region_model(path: Path) -> bool:
    """Whether the file exists and was written by :meth:`RegionModel.save`."""
    try:
        return Checkpoint.load(path).state.get("kind") == KIND
    except InputError:
        return False


def quadratic(codes: Tensor) -> Tensor:
    """``(B, 1 + Q)`` one, the codes ``(B, L)``, and all their products of two."""
    first, second = torch.triu_indices(codes.shape[1], codes.shape[1])
    ones = torch.ones(len(codes), 1, dtype=codes.dtype)
    return torch.cat([ones, codes, codes[:, first] * codes[:, second]], dim=1)


def fit_region(
    codes: Tensor,
    inside: Tensor,
    region: str,
    checkpoint: str,
    column: str | None = None,
    values: Tensor | None = None,
) -> RegionModel:
    """Fit the classifier, and with a ``column`` and its ``values`` the two regressors.

    Args:
        codes: ``(B, L)``.
        inside: ``(B,)`` bool, whether each set is in the region.
        region, checkpoint: as in :class:`RegionModel`.
        column: the column to predict.
        values: ``(B,)`` of it.

    Raises:
        InputError: when fewer than 20 sets are inside or outside.
    """
    from sklearn.linear_model import LogisticRegression

    counts = int(inside.sum()), int((~inside).sum())
    if min(counts) < FEWEST:
        raise InputError(
            f"region: expected at least {FEWEST} sets inside and outside for a classifier, "
            f"received {counts[0]} and {counts[1]}; choose another region, or more sets"
        )
    codes = codes.double()
    width = codes.std(0, correction=0)
    model = RegionModel(
        region, checkpoint, codes.mean(0), torch.where(width > 0, width, 1.0), torch.zeros(0)
    )
    terms = model._terms(codes)
    fitted = LogisticRegression(max_iter=2000).fit(terms[:, 1:].numpy(), inside.numpy())
    weights = torch.from_numpy(np.concatenate([fitted.intercept_, fitted.coef_[0]]))
    model = model._replace(weights=weights)
    if column is None or values is None:
        return model
    sides = [_ridge(terms[side], values[side]) for side in (inside, ~inside)]
    return model._replace(tail=Tail(column, *sides))


def _ridge(terms: Tensor, values: Tensor) -> Tensor:
    """Weights ``(1 + Q,)`` of least squares, drawn to zero as much as its cross-validation says."""
    from sklearn.linear_model import RidgeCV

    fitted = RidgeCV(alphas=np.logspace(-2, 4, 13)).fit(
        terms[:, 1:].numpy(), values.double().numpy()
    )
    return torch.from_numpy(np.concatenate([[fitted.intercept_], fitted.coef_]))


class Validation(NamedTuple):
    """What a cross-validation says, each for sets that the models were not fitted to.

    Args:
        auc: of the classifier.
        auc_error: its standard error.
        regressors: RMSE and R² of the column, of all sets and of those in the region, by
            regressor; empty without a column.
    """

    auc: float
    auc_error: float
    regressors: dict[str, tuple[float, float, float, float]]


def validate_region(
    codes: Tensor, inside: Tensor, values: Tensor | None = None, seed: int = 1
) -> Validation:
    """Cross-validation of :func:`fit_region`, beside a single regressor of the column.

    Also beside two regressors that are told the side, which no classifier can exceed.
    """
    from sklearn.model_selection import StratifiedKFold

    probability = torch.zeros(len(codes), dtype=torch.float64)
    made = {name: torch.zeros(len(codes), dtype=torch.float64) for name in _REGRESSORS}
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(codes.numpy(), inside.numpy()):
        known = None if values is None else values[train]
        name = None if values is None else ""
        model = fit_region(codes[train], inside[train], "", "", name, known)
        probability[test] = model.probability(codes[test])
        if model.tail is not None and known is not None:
            terms = model._terms(codes[test])
            sides = terms @ model.tail.inside, terms @ model.tail.outside
            single = _ridge(model._terms(codes[train]), known)
            for kind, found in zip(
                _REGRESSORS,
                (terms @ single, model.predict(codes[test]), torch.where(inside[test], *sides)),
                strict=True,
            ):
                made[kind][test] = found
    auc = area_under_roc(probability[~inside].numpy(), probability[inside].numpy())
    error = auc_standard_error(auc, int((~inside).sum()), int(inside.sum()))
    if values is None:
        return Validation(auc, error, {})
    x = values.double()
    everywhere = torch.ones_like(inside)
    return Validation(
        auc,
        error,
        {k: (*_errors(x, y, everywhere), *_errors(x, y, inside)) for k, y in made.items()},
    )


_REGRESSORS = ("one regressor", "two, switched by the classifier", "two, told the side")


def _errors(x: Tensor, made: Tensor, chosen: Tensor) -> tuple[float, float]:
    """RMSE, and R² with the variance of the chosen sets."""
    squared = (made - x)[chosen].square().mean()
    return float(squared.sqrt()), float(1 - squared / x[chosen].var(correction=0))
